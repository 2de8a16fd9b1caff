package url

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/dari-bus/dari/internal/room/function/runner"
	"github.com/dari-bus/dari/internal/room/function/runtime"
)

// integration is the content type of an answer that has its head before its body: JSON,
// and eight zero bytes.
const integration = "application/vnd.awslambda.http-integration-response"

var prelude = make([]byte, 8)

// maxPrelude is how long that head may be.
const maxPrelude = 64 << 10

// parsed is what a function returned that was not streamed to us. One that streams all
// the same says so by its content type.
func parsed(got runner.Answer) (*answer, error) {
	if got.ContentType != integration {
		return parse(got.Payload)
	}
	head, rest, found := bytes.Cut(got.Payload, prelude)
	if !found {
		return nil, errBroken
	}
	a, err := parseHead(head)
	if err == nil {
		a.body = rest
	}
	return a, err
}

func parseHead(head []byte) (*answer, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(head, &members) != nil {
		return nil, errBroken
	}
	return headOf(members)
}

// stream runs the function and passes on what it writes while it does.
func (c *call) stream(in runtime.Invocation) error {
	s, err := c.s.opt.Functions.Begin(c.r.Context(), c.of, in)
	c.record(err)
	if err != nil {
		return err
	}
	defer func() {
		s.Close() // a function whose reader has gone goes on
		_, _ = s.Wait()
	}()
	from := bufio.NewReaderSize(s, maxPrelude)
	a, err := begin(s, from)
	if err != nil {
		return err
	}
	a.head(c.w, c.url.CORS != nil)
	if !c.pass(from) {
		return nil
	}
	if got, failed := s.Wait(); failed != nil || got.FunctionError != "" {
		panic(http.ErrAbortHandler) // the answer ends without its end, so that the client sees it
	}
	return nil
}

// begin waits for the head of an answer, which may be implied.
func begin(s *runner.Stream, from *bufio.Reader) (*answer, error) {
	if s.ContentType == integration {
		return readHead(from)
	}
	if _, err := from.Peek(1); errors.Is(err, io.EOF) { // an answer without a body, or none
		if got, failed := s.Wait(); failed != nil || got.FunctionError != "" {
			return nil, errors.Join(failed, errBroken)
		}
	}
	return &answer{status: http.StatusOK, headers: map[string]string{"Content-Type": s.ContentType}}, nil
}

// pass passes on what comes, as it comes, and says whether it got to the end.
func (c *call) pass(from io.Reader) bool {
	control := http.NewResponseController(c.w)
	for buf := make([]byte, 32<<10); ; {
		n, err := from.Read(buf)
		if n > 0 && c.r.Method != http.MethodHead {
			if _, gone := c.w.Write(buf[:n]); gone != nil {
				return false
			}
		}
		if gone := control.Flush(); gone != nil && !errors.Is(gone, http.ErrNotSupported) {
			return false
		}
		if err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// readHead reads the head of an answer.
func readHead(from *bufio.Reader) (*answer, error) {
	var head []byte
	for len(head) < maxPrelude {
		b, err := from.ReadByte()
		if err != nil {
			return nil, errBroken
		}
		if head = append(head, b); bytes.HasSuffix(head, prelude) {
			return parseHead(head[:len(head)-len(prelude)])
		}
	}
	return nil, errBroken
}
