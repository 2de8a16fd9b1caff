package function

import (
	"context"
	"encoding/base64"
	"errors"
	"io"

	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/wire"
)

type streamInput struct {
	qualifiedInput
	InvocationType *string `rest:"header=X-Amz-Invocation-Type"`
	LogType        *string `rest:"header=X-Amz-Log-Type"`
	ClientContext  *string `rest:"header=X-Amz-Client-Context"`
	TenantId       *string `rest:"header=X-Amz-Tenant-Id"`
	Payload        []byte  `rest:"payload"`
}

type streamOutput struct {
	StatusCode      int     `rest:"status"`
	ExecutedVersion *string `rest:"header=X-Amz-Executed-Version"`
	// The header says that these are events, at AWS too, whatever the function says.
	ResponseStreamContentType *string                    `rest:"header=Content-Type"`
	EventStream               wire.Events[streamedEvent] `rest:"payload"`
}

// streamedEvent is an event of an answer that is streamed.
type streamedEvent struct {
	PayloadChunk   *streamedChunk
	InvokeComplete *streamedEnd
}

type streamedChunk struct {
	Payload []byte `rest:"payload"`
}

type streamedEnd struct {
	ErrorCode, ErrorDetails, LogResult *string
}

// InvokeWithResponseStream runs a function and sends its answer while the function
// makes it.
func (a api) InvokeWithResponseStream(ctx context.Context, in *streamInput) (*streamOutput, error) {
	by := caller(ctx)
	at, err := of(by, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if in.TenantId != nil {
		return nil, notOffered("TenantId", "tenants are not kept apart")
	}
	if wire.Val(in.InvocationType) == "DryRun" {
		return &streamOutput{StatusCode: 204}, a.Check(by, at, in.Payload)
	}
	client, err := clientContext(in.ClientContext)
	if err != nil {
		return nil, err
	}
	s, err := a.Stream(ctx, by, at, in.Payload, client)
	if err != nil {
		return nil, err
	}
	return &streamOutput{StatusCode: 200, ExecutedVersion: &s.Version, EventStream: func(_ context.Context, send func(*streamedEvent) error) error {
		gone := sendChunks(s, send)
		s.Close()
		answer, err := s.Wait() // also for a client that has gone: its call ends with the function
		if gone != nil || err != nil {
			return errors.Join(gone, err)
		}
		return send(&streamedEvent{InvokeComplete: endOf(answer, wire.Val(in.LogType) == "Tail")})
	}}, nil
}

// sendChunks sends what a function answers, in the portions in which it comes.
func sendChunks(s *runner.Stream, send func(*streamedEvent) error) error {
	for buf := make([]byte, 32<<10); ; {
		n, err := s.Read(buf)
		if n > 0 {
			if err := send(&streamedEvent{PayloadChunk: &streamedChunk{buf[:n]}}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// endOf is how an answer ended.
func endOf(answer runner.Answer, tail bool) *streamedEnd {
	end := &streamedEnd{}
	if answer.FunctionError != "" {
		details := string(answer.Payload)
		end.ErrorCode, end.ErrorDetails = &answer.FunctionError, &details
	}
	if tail {
		text := base64.StdEncoding.EncodeToString(answer.LogTail)
		end.LogResult = &text
	}
	return end
}
