package build

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// The files api*.go are the door: the operations of CodeBuild, its types and its
// spelling.

type api struct{ *Service }

// API returns the service as AWS CodeBuild: its names and its table, for
// [wire.NewHandler].
func API(s *Service) *wire.Service {
	a := api{s}
	return &wire.Service{
		Name:        catalog.Service,
		Title:       "AWS CodeBuild",
		Target:      "CodeBuild_20161006",
		Version:     "2016-10-06",
		Protocols:   []wire.Protocol{wire.JSON11},
		InvalidCode: codeInvalid,
		Operations:  slices.Concat(a.projectRows(), a.buildRows(), refused()),
		Limits:      limits,
		Quotas: []string{
			"An account has at most 5,000 projects in a region, and 32 MiB of their settings in all; 100 of its builds wait for their turn, beside those that run, and the last 2,000 in a region are kept, while the settings of all that it has are no more than 32 MiB. Accounts that are not in the settings have as much of either together.",
			"As many builds run as the machine has processors, two at least, and together they may use what -memory leaves of the machine: one that may use more gets that, and runs alone. Accounts take turns; one that has no build running does not wait for those of others to end, while at most as many run once more.",
			"The settings of a project or a build have at most 256 KiB as JSON. A buildspec has at most 256 KiB, and 20,000 values with its aliases written out. A source and an artifact have at most 100,000 files and 4 GiB each.",
		},
		Deviations: []string{
			"Builds run on the machine of the server, in its sandbox, with the programs that it has: images are named and not fetched, compute types only bound the memory, privilegedMode gives nothing, and runtime-versions are left to the machine. HOME is a folder of the build.",
			"S3 is the folder s3/ACCOUNT below the data directory, with a folder for each bucket: an account has buckets of its own, whatever others call theirs; artifacts are written there, and sources and buildspecs of type S3 read there, zip files as well as folders. File URLs lead below the folder of -build-sources.",
			"Repositories are fetched by git from https://, http:// and file:// URLs without credentials; submodules are not fetched, and source.auth is refused.",
			"Parameter Store, Secrets Manager, VPCs, file systems, fleets, batches and retries by the service are refused; caches, report groups, proxies and run-as are left out, which the log of the build says.",
			"on-failure: RETRY runs the commands of the phase again.",
			"The deep link of a log is a path of this server, where there is no page yet. Badges are answered as enabled and not drawn.",
			"Builds that ran when the server ended are FAULT after its restart; those that waited go on.",
		},
		Error: spell,
	}
}

// codeInvalid is what most mistakes are called.
const codeInvalid = "InvalidInputException"

// usual is the error that a kind of fault is without a code.
var usual = map[fault.Kind]string{
	fault.KindInvalid:     codeInvalid,
	fault.KindNotFound:    "ResourceNotFoundException",
	fault.KindConflict:    "ResourceAlreadyExistsException",
	fault.KindLimit:       "AccountLimitExceededException",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "ThrottlingException",
}

// spell turns a fault into an error of CodeBuild.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || usual[f.Kind] == "" {
		return wire.Error{}, false
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind}
	if e.Code == "" {
		e.Code = usual[f.Kind]
	}
	return e, true
}

// refused are the operations that are not offered. Those with a star only read.
func refused() (rows []wire.Operation) {
	for _, r := range []struct{ why, names string }{
		{"no webhooks come in; a rule, a schedule or StartBuild starts a build", "CreateWebhook DeleteWebhook UpdateWebhook"},
		{"builds do not run in batches; start them one by one", "BatchGetBuildBatches* DeleteBuildBatch ListBuildBatches* ListBuildBatchesForProject* RetryBuildBatch StartBuildBatch StopBuildBatch"},
		{"builds run on the machine of the server; there are no fleets", "BatchGetFleets* CreateFleet DeleteFleet ListFleets* UpdateFleet"},
		{"there are no report groups; the files of tests can be artifacts", "BatchGetReportGroups* BatchGetReports* CreateReportGroup DeleteReport DeleteReportGroup DescribeCodeCoverages* DescribeTestCases* " +
			"GetReportGroupTrend* ListReportGroups* ListReports* ListReportsForReportGroup* ListSharedReportGroups* UpdateReportGroup"},
		{"the sandbox of a build is not entered from outside", "BatchGetCommandExecutions* BatchGetSandboxes* ListCommandExecutionsForSandbox* ListSandboxes* ListSandboxesForProject* " +
			"StartCommandExecution StartSandbox StartSandboxConnection StopSandbox"},
		{"projects are not shared between accounts", "DeleteResourcePolicy GetResourcePolicy* ListSharedProjects* PutResourcePolicy"},
		{"repositories are fetched without credentials", "DeleteSourceCredentials ImportSourceCredentials ListSourceCredentials*"},
		{"nothing is kept from one build to the next", "InvalidateProjectCache"},
		{"projects are not public", "UpdateProjectVisibility"},
	} {
		for name := range strings.FieldsSeq(r.names) {
			name, reads := strings.CutSuffix(name, "*")
			row := wire.Refuse(name, r.why)
			if reads {
				row = row.Reads()
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// caller is who calls.
func caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }

// moment returns a time that is absent when it never was.
func moment(millis int64) *wire.Time {
	if millis == 0 {
		return nil
	}
	t := wire.At(time.UnixMilli(millis))
	return &t
}
