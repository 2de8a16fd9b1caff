package function

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/wire"
)

func (a api) invokeRows() []wire.Operation {
	return []wire.Operation{
		wire.Op("Invoke", a.Invoke).At("POST /2015-03-31/functions/{FunctionName}/invocations", 200).Takes(runner.MaxSync + 1024).OnData(),
		wire.Refuse("InvokeAsync", "call Invoke with the invocation type Event, which AWS asks for as well").
			At("POST /2014-11-13/functions/{FunctionName}/invoke-async", 202).OnData(),
		wire.Op("InvokeWithResponseStream", a.InvokeWithResponseStream).
			At("POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations", 200).Takes(runner.MaxSync + 1024).OnData(),
	}
}

type invokeInput struct {
	qualifiedInput
	InvocationType       *string `rest:"header=X-Amz-Invocation-Type"`
	LogType              *string `rest:"header=X-Amz-Log-Type"`
	ClientContext        *string `rest:"header=X-Amz-Client-Context"`
	DurableExecutionName *string `rest:"header=X-Amz-Durable-Execution-Name"`
	TenantId             *string `rest:"header=X-Amz-Tenant-Id"`
	Payload              []byte  `rest:"payload"`
}

type invokeOutput struct {
	StatusCode      int     `rest:"status" json:",omitempty"`
	FunctionError   *string `rest:"header=X-Amz-Function-Error"`
	LogResult       *string `rest:"header=X-Amz-Log-Result"`
	ExecutedVersion *string `rest:"header=X-Amz-Executed-Version"`
	Payload         []byte  `rest:"payload" empty:"kept"`
}

// Invoke runs a function, or has it run.
func (a api) Invoke(ctx context.Context, in *invokeInput) (*invokeOutput, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	switch {
	case in.DurableExecutionName != nil:
		return nil, notOffered("DurableExecutionName", "executions are not durable")
	case in.TenantId != nil:
		return nil, notOffered("TenantId", "tenants are not kept apart")
	}
	switch wire.Val(in.InvocationType) {
	case "DryRun":
		return &invokeOutput{StatusCode: 204}, a.Check(by, at, in.Payload)
	case "Event":
		return &invokeOutput{StatusCode: 202}, a.Send(ctx, by, at, in.Payload)
	}
	client, err := clientContext(in.ClientContext)
	if err != nil {
		return nil, err
	}
	answer, err := a.Runner.Invoke(ctx, by, at, in.Payload, client)
	if err != nil {
		return nil, err
	}
	out := &invokeOutput{StatusCode: 200, FunctionError: wire.Opt(answer.FunctionError), ExecutedVersion: &answer.Version, Payload: answer.Payload}
	if wire.Val(in.LogType) == "Tail" {
		tail := base64.StdEncoding.EncodeToString(answer.LogTail)
		out.LogResult = &tail
	}
	return out, nil
}

// clientContext reads what a client says of itself: JSON, in base64.
func clientContext(text *string) (string, error) {
	if text == nil {
		return "", nil
	}
	b, err := base64.StdEncoding.DecodeString(*text)
	if err != nil || !json.Valid(b) {
		return "", fault.Invalid("Client context must be a valid Base64-encoded JSON object.").WithCode("InvalidRequestContentException")
	}
	return string(b), nil
}
