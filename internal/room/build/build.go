package build

import (
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/build/buildspec"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/room/build/runner"
	"github.com/dari-bus/dari/internal/store/table"
)

// A Build is one run of a project.
type Build struct {
	Project, UUID string
	Number        int64
	catalog.Settings
	Initiator string
	// Token is the idempotency token that it was started with.
	Token string `json:",omitempty"`
	// Status is IN_PROGRESS until the build is over.
	Status string
	Phases []Phase
	// Started, Ended and Changed are in Unix milliseconds, as all times here.
	Started, Ended int64
	Revision       string               `json:",omitempty"`
	Failed         bool                 `json:",omitempty"`
	Exported       []buildspec.Variable `json:",omitempty"`
	Uploads        []runner.Upload      `json:",omitempty"`
	// Bytes is how large the settings are.
	Bytes int

	place access.Place
}

// A Phase is a part of a build. The last one has not ended, as long as there is no
// Status.
type Phase struct {
	Type          string
	Status        string `json:",omitempty"`
	Begin, End    int64
	Code, Message string `json:",omitempty"`
}

// The phases before those of a runner, and the status of a build that is not over.
const (
	submitted  = "SUBMITTED"
	queued     = "QUEUED"
	inProgress = "IN_PROGRESS"
)

// ID is how the build is called, and ARN in full.
func (b *Build) ID() string  { return b.Project + ":" + b.UUID }
func (b *Build) ARN() string { return buildARN(b.place, b.ID()) }

func buildARN(at access.Place, id string) string {
	return at.ARN(catalog.Service, "build/"+id).String()
}

func (b *Build) key() table.Key { return table.Key{Place: b.place, Name: b.ID()} }

// Current is the phase that the build is in.
func (b *Build) Current() *Phase { return &b.Phases[len(b.Phases)-1] }

// Over says that the build is over.
func (b *Build) Over() bool { return b.Status != inProgress }

// maxMessage is how much is kept of why a phase has failed: it may quote a command.
const maxMessage = 4 << 10

// turn returns the build with its phase ended and the next one begun. Times do not go
// back, whatever the clock does.
func (b *Build) turn(status, code, message, next string) *Build {
	n := *b
	n.Phases = slices.Clone(b.Phases)
	last := n.Current()
	now := max(time.Now().UnixMilli(), last.Begin)
	last.Status, last.Code, last.Message, last.End = status, code, strings.ToValidUTF8(message[:min(len(message), maxMessage)], ""), now
	n.Phases = append(n.Phases, Phase{Type: next, Begin: now})
	return &n
}
