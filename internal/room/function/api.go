package function

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/limits"
	"github.com/dari-bus/dari/internal/room/function/mapping"
	"github.com/dari-bus/dari/internal/room/function/pool"
	"github.com/dari-bus/dari/internal/room/function/provision"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/url"
	"github.com/dari-bus/dari/internal/wire"
)

// The files api*.go are the door: the operations of Lambda, its types and its spelling.

type api struct{ *Service }

// API returns the service as AWS Lambda: its names and its table, for
// [wire.NewHandler].
func API(s *Service) *wire.Service {
	if s == nil {
		s = &Service{} // the table is the same
	}
	a := api{s}
	return &wire.Service{
		Name:      "lambda",
		Title:     "AWS Lambda",
		Version:   "2015-03-31",
		Protocols: []wire.Protocol{wire.RestJSON},
		Operations: dated(slices.Concat(a.functionRows(), a.versionRows(), a.aliasRows(), a.invokeRows(), a.policyRows(), a.asyncRows(),
			a.layerRows(), mapping.Operations(s.Mappings), provision.Operations(s.Provisions), a.settingRows(), url.Operations(s.URLs), refused())),
		Limits:       allLimits(),
		ErrorMembers: []any{mistake{}, throttle{}},
		Quotas: []string{
			"An account has at most 1,000 functions, 10,000 versions, 10,000 aliases and 1,000 layers in a region, and their code has 10 GiB in all, packed.",
			"Aliases, permissions and the names of layers of an account come to 32 MiB, and the URLs of its functions with their CORS to 16 MiB; accounts that are not in the settings have as much of either together.",
			"The code of all accounts that are not in the settings has 1 GiB together, of which each function, version and layer counts 256 KiB at least.",
			"There are at most 128 environments at a time, 112 of an account, and as many as the memory of the machine holds, of which an account has seven eighths at most; one that becomes free goes to the account that has the fewest. An invocation waits 10 seconds for one and is then throttled, as it is at once when its function has as many as are reserved for it.",
			"An account keeps at most 32 environments ready in a region, as do all that are not in the settings together, and all accounts half of those that there may be.",
			"An account has at most 500 event source mappings in a region, and all accounts have 2,000. The messages that functions work on have 5 % of -memory, and those of an account half of that.",
			"Zips have less than 50 MB, 250 MB unpacked, layers included, and 100,000 files. Requests of Invoke have 6 MB, those of the type Event 1 MiB. Answers have 6 MB, or 200 MB if they are streamed, at any speed.",
			"What functions are sent by callers that wait has 7 % of -memory while they run, and what those of an account are sent half of that, the request and what it was decoded to counted; beyond it an invocation is throttled.",
		},
		Deviations: []string{
			"Functions run on this machine, in sandboxes: CPU is not divided by memory, and Architectures are kept and not asked for. docs/sandbox.md says what keeps code apart.",
			"The runtimes are those of the machine: `python3.x` and `nodejs20.x` and later are what is installed, of a neighbouring version if need be, and `provided.al2` and `provided.al2023` run any binary. Other runtimes are refused.",
			"Code comes with the call: Code.S3Bucket is refused, and GetFunction has no Code.Location.",
			"Functions are Active, and updates Successful, as soon as the call has answered.",
			"A service is let in by the function's policy alone, whatever -enforce-policies says.",
			"Logs are written with the server's rights: a role need not allow it.",
			"TracingConfig is kept, and nothing is traced. Asynchronous events go to queues of SQS only, dead or alive, and with the rights of the function's role; those that no queue takes stay with the dead deliveries.",
			"Event source mappings are from queues of SQS only, and Enabled or Disabled as soon as the call has answered. Ten batches are worked on at a time where ScalingConfig does not say how many. A mapping that receives nothing says why in LastProcessingResult.",
			"Provisioned concurrency of an alias with weights is that of the version which the alias names.",
			"Function URLs are `http://ID.lambda-url.REGION.HOST/`, of the name and port of -host. Their calls are in no trail.",
			"Eight asynchronous events of a function are tried at a time, one when it keeps failing.",
		},
		Error: spell,
	}
}

// second are the operations whose names in trails say that they are of their second version.
var second = []string{
	"AddPermission", "GetFunction", "GetFunctionConfiguration", "GetPolicy", "RemovePermission", "TagResource", "UntagResource", "UpdateFunctionCode",
	"UpdateFunctionConfiguration",
}

// dated gives rows the names that CloudTrail has for them: those that are older than
// 2019 carry the date of their path, such as CreateFunction20150331, unless they are
// about data.
func dated(rows []wire.Operation) []wire.Operation {
	for i, row := range rows {
		_, path, _ := strings.Cut(row.Route, " /")
		date, _, _ := strings.Cut(path, "/")
		if row.Data || date >= "2019" {
			continue
		}
		name := row.Name + strings.ReplaceAll(date, "-", "")
		if slices.Contains(second, row.Name) {
			name += "v2"
		}
		rows[i] = row.As(name)
	}
	return rows
}

func allLimits() wire.Limits {
	all := maps.Clone(limits.All)
	maps.Copy(all, mapping.Limits)
	maps.Copy(all, provision.Limits)
	maps.Copy(all, url.Limits)
	return all
}

// mistake is what all errors say beside their message.
type mistake struct {
	Type    string
	Message string
}

// throttle is what an error says of an invocation that was throttled.
type throttle struct {
	RetryAfter string `rest:"header=Retry-After" json:"retryAfterSeconds"`
	Reason     string
	Type       string
	Message    string `json:"message"`
}

// usual is the error that a kind of fault is without a code.
var usual = map[fault.Kind]string{
	fault.KindInvalid:     "InvalidParameterValueException",
	fault.KindNotFound:    "ResourceNotFoundException",
	fault.KindConflict:    "ResourceConflictException",
	fault.KindLimit:       "TooManyRequestsException",
	fault.KindDenied:      "AccessDeniedException",
	fault.KindUnavailable: "TooManyRequestsException",
}

// statuses are those of errors that their kind does not give.
var statuses = map[string]int{
	"PreconditionFailedException":    http.StatusPreconditionFailed,
	"RequestEntityTooLargeException": http.StatusRequestEntityTooLarge,
	"RequestTooLargeException":       http.StatusRequestEntityTooLarge,
	"CodeStorageExceededException":   http.StatusBadRequest,
	"PolicyLengthExceededException":  http.StatusBadRequest,
}

// spell turns a fault into an error of Lambda.
func spell(err error) (wire.Error, bool) {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || usual[f.Kind] == "" {
		return wire.Error{}, false
	}
	if f == pool.ErrFull || f == pool.ErrReserved || f == runner.ErrPayloads {
		return wire.Error{
			Code: "TooManyRequestsException", Kind: f.Kind, Message: f.Message,
			Members: &throttle{RetryAfter: "1", Reason: f.Code, Type: "User", Message: f.Message},
		}, true
	}
	e := wire.Error{Code: f.Code, Message: f.Message, Kind: f.Kind, Members: &mistake{"User", f.Message}}
	if e.Code == "" {
		e.Code = usual[f.Kind]
	}
	e.Status = statuses[e.Code]
	return e, true
}

// caller is who calls.
func caller(ctx context.Context) access.Caller { return wire.CallerFrom(ctx).Caller }

// of returns the function that a call is about.
func of(by access.Caller, name, qualifier *string) (catalog.Address, error) {
	return catalog.ParseAddress(by.Place, *name, wire.Val(qualifier))
}

// functionInput is the input of what is about a function as a whole.
type functionInput struct {
	FunctionName *string `rest:"label"`
}

// qualifiedInput is the input of what may be about one version or alias.
type qualifiedInput struct {
	FunctionName *string `rest:"label"`
	Qualifier    *string `rest:"query"`
}

// pageInput is the input of a list of what belongs to a function.
type pageInput struct {
	FunctionName *string `rest:"label"`
	Marker       *string `rest:"query"`
	MaxItems     *int    `rest:"query"`
}

// limitOf is how many rows a page has: 50 unless it says, as at AWS.
func limitOf(n *int) int {
	if n == nil {
		return 50
	}
	return min(*n, 10_000)
}

// refused are the operations that are not offered.
func refused() (rows []wire.Operation) {
	for _, r := range []struct {
		why    string
		routes string // a name, a method and a path; names of what only reads have a star
	}{
		{"layers are for the account that published them", `
			AddLayerVersionPermission POST /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy
			GetLayerVersionPolicy* GET /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy
			RemoveLayerVersionPermission DELETE /2018-10-31/layers/{LayerName}/versions/{VersionNumber}/policy/{StatementId}`},
		{"code is not signed", `
			CreateCodeSigningConfig POST /2020-04-22/code-signing-configs
			DeleteCodeSigningConfig DELETE /2020-04-22/code-signing-configs/{CodeSigningConfigArn}
			DeleteFunctionCodeSigningConfig DELETE /2020-06-30/functions/{FunctionName}/code-signing-config
			GetCodeSigningConfig* GET /2020-04-22/code-signing-configs/{CodeSigningConfigArn}
			ListCodeSigningConfigs* GET /2020-04-22/code-signing-configs
			ListFunctionsByCodeSigningConfig* GET /2020-04-22/code-signing-configs/{CodeSigningConfigArn}/functions
			PutFunctionCodeSigningConfig PUT /2020-06-30/functions/{FunctionName}/code-signing-config
			UpdateCodeSigningConfig PUT /2020-04-22/code-signing-configs/{CodeSigningConfigArn}`},
		{"functions run on this machine; there are no providers of capacity", `
			CreateCapacityProvider POST /2025-11-30/capacity-providers
			DeleteCapacityProvider DELETE /2025-11-30/capacity-providers/{CapacityProviderName}
			GetCapacityProvider* GET /2025-11-30/capacity-providers/{CapacityProviderName}
			GetFunctionScalingConfig* GET /2025-11-30/functions/{FunctionName}/function-scaling-config
			ListCapacityProviders* GET /2025-11-30/capacity-providers
			ListFunctionVersionsByCapacityProvider* GET /2025-11-30/capacity-providers/{CapacityProviderName}/function-versions
			PutFunctionScalingConfig PUT /2025-11-30/functions/{FunctionName}/function-scaling-config
			UpdateCapacityProvider PUT /2025-11-30/capacity-providers/{CapacityProviderName}`},
		{"executions are not durable: a function that does not end begins anew", `
			CheckpointDurableExecution POST /2025-12-01/durable-executions/{DurableExecutionArn}/checkpoint
			GetDurableExecution* GET /2025-12-01/durable-executions/{DurableExecutionArn}
			GetDurableExecutionHistory* GET /2025-12-01/durable-executions/{DurableExecutionArn}/history
			GetDurableExecutionState* GET /2025-12-01/durable-executions/{DurableExecutionArn}/state
			ListDurableExecutionsByFunction* GET /2025-12-01/functions/{FunctionName}/durable-executions
			SendDurableExecutionCallbackFailure POST /2025-12-01/durable-execution-callbacks/{CallbackId}/fail
			SendDurableExecutionCallbackHeartbeat POST /2025-12-01/durable-execution-callbacks/{CallbackId}/heartbeat
			SendDurableExecutionCallbackSuccess POST /2025-12-01/durable-execution-callbacks/{CallbackId}/succeed
			StopDurableExecution POST /2025-12-01/durable-executions/{DurableExecutionArn}/stop`},
		{"the policy of a function is made of permissions; call AddPermission, GetPolicy and RemovePermission", `
			DeleteResourcePolicy DELETE /2026-07-09/resource-policy/{ResourceArn}
			GetResourcePolicy* GET /2026-07-09/resource-policy/{ResourceArn}
			PutResourcePolicy PUT /2026-07-09/resource-policy/{ResourceArn}`},
		{"loops are not looked for, so that there is nothing to allow", `
			PutFunctionRecursionConfig PUT /2024-08-31/functions/{FunctionName}/recursion-config`},
		{"runtimes are those of the machine, and are updated with it", `
			PutRuntimeManagementConfig PUT /2021-07-20/functions/{FunctionName}/runtime-management-config`},
	} {
		for line := range strings.SplitSeq(strings.TrimSpace(r.routes), "\n") {
			name, route, _ := strings.Cut(strings.TrimSpace(line), " ")
			name, reads := strings.CutSuffix(name, "*")
			row := wire.Refuse(name, r.why).At(route, http.StatusOK)
			if reads {
				row = row.Reads()
			}
			rows = append(rows, row)
		}
	}
	return rows
}
