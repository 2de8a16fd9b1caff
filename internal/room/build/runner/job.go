package runner

import (
	"context"
	"errors"

	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/sandbox"
)

// The causes for which the context of a build may end. Any other is a fault.
var (
	ErrStopped  = errors.New("the build was stopped")
	ErrTimedOut = errors.New("the build took too long")
)

// timedOut is that in CodeBuild's words.
const timedOut = "Build has timed out. "

// A Runner runs builds. Its members must not change.
type Runner struct {
	// Open returns the sandbox, which may take a moment when it is the first time.
	Open func(context.Context) (*sandbox.Sandbox, error)
	// Buckets is the folder that stands for S3: each account has one in it, and a bucket is
	// a folder there, so that no account reads what another one has built. Where it is
	// "" there is one as long as the sandbox.
	Buckets string
	// Sources is the folder below which file URLs may lead; "" lets none lead anywhere.
	Sources string
	// Reach is where repositories may be.
	Reach outbound.Reach
}

// A Job is a build that is to be run.
type Job struct {
	// Account is whose buckets are read and written.
	Account string
	// Number parts the folders of builds from each other.
	Number string
	// Buildspec is its text, the path of a file in the source or in a bucket, or "".
	Buildspec string
	// Source is where the commands run; Secondary are others, by their identifiers.
	Source    Source
	Secondary []Source
	// Artifacts are what is to be carried away. The first without an identifier is the
	// primary one.
	Artifacts []Artifact
	// Variables are those of the user, Platform those that nobody can change.
	Variables, Platform []buildspec.Variable
	// Credentials returns what the service role signs with. It is called before anything
	// is written.
	Credentials func() (*Credentials, error)
	// MemoryBytes is what the commands may use.
	MemoryBytes int64
	// Write writes lines of the log, and Report is told of each step. After an error
	// of Report nothing more is done.
	Write  func(context.Context, []Line) error
	Report func(Step) error
}

// Credentials are a session of the service role.
type Credentials struct{ KeyID, Secret, Token string }

// A Line is a line of the log, with its break, at a time in Unix milliseconds.
type Line struct {
	Time int64
	Text []byte
}

// A Source is where sources are.
type Source struct {
	// ID is that of a secondary source.
	ID string
	// Kind is how they are had.
	Kind Kind
	// Location is a URL, or a bucket and a key.
	Location string
	// Version is a branch, a tag, a commit or "pr/" and a number, or "".
	Version string
	// Depth is how many commits are had, 0 for all.
	Depth int
}

// A Kind is how sources are had.
type Kind int

const (
	// None: the build has no sources.
	None Kind = iota
	// Git: a repository, by its URL.
	Git
	// Files: a folder or a zip file in a bucket or at a file URL.
	Files
)

// An Artifact is where files of a build go.
type Artifact struct {
	ID string
	// Bucket and Folder are where, and Name what the file or the folder there is called.
	Bucket, Folder, Name string
	// Zip makes one file of them. Override lets the buildspec say the name.
	Zip, Override bool
}

// An Upload is an artifact that was carried away. The sums are those of zip files.
type Upload struct {
	ID, Location, MD5, SHA256 string
}

// A Step is the end of a phase.
type Step struct {
	// Phase has ended, with Status, for a reason; both are "" when all was well.
	Phase, Status, Code, Message string
	// Next is the phase that begins, "COMPLETED" when the build is over.
	Next string
	Result
}

// A Result is what is known of a build by now.
type Result struct {
	// Failed says that the build cannot succeed any more.
	Failed bool
	// Revision is the commit of the primary source.
	Revision string
	Exported []buildspec.Variable
	Uploads  []Upload
}

// The phases that a Runner runs, and the one that comes after them.
const (
	Provisioning    = "PROVISIONING"
	DownloadSource  = "DOWNLOAD_SOURCE"
	UploadArtifacts = "UPLOAD_ARTIFACTS"
	Finalizing      = "FINALIZING"
	Completed       = "COMPLETED"
)

// How a phase ends.
const (
	Succeeded = "SUCCEEDED"
	Failed    = "FAILED"
	Stopped   = "STOPPED"
	TimedOut  = "TIMED_OUT"
	Fault     = "FAULT"
)

// A failure is why a phase did not succeed: a code of CodeBuild and a sentence.
type failure struct {
	status, code, message string
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func fail(code, message string) error { return &failure{Failed, code, message} }

// clientError is what the owner of the project can mend.
func clientError(message string) error { return fail("CLIENT_ERROR", message) }

// judge says how a phase ended that returned err within ctx.
func judge(ctx context.Context, err error) *failure {
	cause := context.Cause(ctx)
	switch {
	case err == nil && cause == nil:
		return &failure{status: Succeeded}
	case errors.Is(cause, ErrStopped):
		return &failure{status: Stopped}
	case errors.Is(cause, ErrTimedOut):
		return &failure{TimedOut, "BUILD_TIMED_OUT", timedOut}
	case cause != nil:
		return &failure{Fault, "INTERNAL_SERVICE_ERROR", cause.Error()}
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	return &failure{Fault, "INTERNAL_SERVICE_ERROR", err.Error()}
}
