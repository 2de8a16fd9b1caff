package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	region  = "us-east-1"
	account = "000000000000"
)

// A server is one dari process and where it is found. It may be killed and
// started again on the same port and directory.
type server struct {
	URL  string
	Addr string
	Dir  string

	extra   []string // flags beyond the usual
	logPath string
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has ended
}

// serve starts a server in a directory of the test's own and waits until it is
// ready. It is stopped with the test; when the test has failed, the end of its
// log is shown.
func serve(t testing.TB, flags ...string) *server {
	t.Helper()
	s := newServer(t, flags...)
	s.start(t)
	return s
}

// newServer is serve without the start.
func newServer(t testing.TB, flags ...string) *server {
	t.Helper()
	dir := t.TempDir()
	addr := freeAddr(t)
	s := &server{
		URL: "http://" + addr, Addr: addr, Dir: filepath.Join(dir, "data"),
		extra: flags, logPath: filepath.Join(dir, "dari.log"),
	}
	t.Cleanup(func() {
		if t.Failed() && s.cmd != nil {
			select {
			case <-s.exited:
				t.Logf("the server had ended by itself: %v", s.cmd.ProcessState)
			default:
			}
		}
		s.kill(t)
		if t.Failed() {
			t.Logf("end of the server's log:\n%s", s.log(t, 8<<10))
		}
	})
	return s
}

// launch starts the process and does not wait until it is ready.
func (s *server) launch(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(s.logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the child has its own handle
	args := append([]string{
		"serve", "--listen", s.Addr, "--data", s.Dir, "--region", region, "--account", account,
	}, s.extra...)
	s.cmd = exec.Command(binary, args...)
	s.cmd.Env = plainEnv()
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start dari: %v", err)
	}
	cmd, exited := s.cmd, make(chan struct{})
	s.exited = exited
	go func() {
		defer close(exited)
		_ = cmd.Wait() // ProcessState says how it ended
	}()
}

func (s *server) start(t testing.TB) {
	t.Helper()
	s.launch(t)
	eventually(t, 30*time.Second, func() string {
		select {
		case <-s.exited:
			t.Fatalf("dari ended before it was ready (%v):\n%s", s.cmd.ProcessState, s.log(t, 8<<10))
		default:
		}
		return s.unready()
	})
}

// unready says why the server is not ready, or "".
func (s *server) unready() string {
	resp, err := httpClient.Get(s.URL + "/_dari/health")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Sprintf("health answers %s: %s", resp.Status, body)
	}
	return ""
}

// stop asks the server to end and waits until it has.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("stop dari: %v", err)
	}
	select {
	case <-s.exited:
	case <-time.After(30 * time.Second):
		t.Fatalf("dari has not ended 30 s after SIGTERM:\n%s", s.log(t, 8<<10))
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("dari ended with %v after SIGTERM:\n%s", s.cmd.ProcessState, s.log(t, 8<<10))
	}
}

// kill is kill -9. It does nothing to a server that has ended.
func (s *server) kill(t testing.TB) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("kill dari: %v", err)
	}
	<-s.exited
}

// log returns the last n bytes of what the server wrote.
func (s *server) log(t testing.TB, n int) string {
	t.Helper()
	b, err := os.ReadFile(s.logPath)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-n):])
}

// freeAddr returns a loopback address that nobody listens on. It lies below
// the range from which outgoing connections take their ports, so that it is
// still free when a server that was killed comes back.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 12000+rand.IntN(20000))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		l.Close()
		return addr
	}
	t.Fatal("found no free port on 127.0.0.1")
	return ""
}

// httpClient talks to the server directly, whatever proxy the environment
// names.
var httpClient = &http.Client{
	Timeout: 60 * time.Second,
	Transport: inOnePiece{&http.Transport{
		MaxIdleConns: 256, MaxIdleConnsPerHost: 64, IdleConnTimeout: 30 * time.Second,
	}},
}

// inOnePiece copies request bodies before they are sent.
//
// smithy-go closes a request's body as soon as there is an answer, and a closed
// body of its kind says EOF to net/http, which looks once more whether there is
// anything left to send. Where the server is quicker than that look, net/http
// takes the EOF for a failed write and cuts the connection under the answer.
type inOnePiece struct{ http.RoundTripper }

func (p inOnePiece) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return p.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err := errors.Join(err, r.Body.Close()); err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return p.RoundTripper.RoundTrip(r)
}
