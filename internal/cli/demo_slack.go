package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// A slack stands in for Slack's incoming webhooks: it answers as they do and
// hands the messages on.
type slack struct {
	url      string
	messages chan string
	server   *http.Server
	served   chan error
}

func newSlack() (*slack, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &slack{url: "http://" + l.Addr().String() + "/services/T000/B000/demo", messages: make(chan string, 1), served: make(chan error, 1)}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() { s.served <- s.server.Serve(l) }()
	return s, nil
}

func (s *slack) close() error {
	err := s.server.Close()
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

func (s *slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var message struct{ Text string }
	switch {
	case err != nil || json.Unmarshal(body, &message) != nil:
		http.Error(w, "invalid_payload", http.StatusBadRequest)
	case strings.TrimSpace(message.Text) == "":
		http.Error(w, "no_text", http.StatusBadRequest)
	default:
		select {
		case s.messages <- message.Text:
			io.WriteString(w, "ok") // a caller that is gone does not want it
		case <-r.Context().Done(): // as it is when nobody listens and the function has given up
		}
	}
}
