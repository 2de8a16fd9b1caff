package url

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
)

// An answer is what a function wants to be answered.
type answer struct {
	status  int
	headers map[string]string
	cookies []string
	body    []byte
}

// errBroken is the answer where the function has failed, or answers nonsense.
var errBroken = &refusal{http.StatusBadGateway, "", []byte("Internal Server Error")}

// parse reads what a function returned: an answer, which has a statusCode, or anything
// else, which is the body.
func parse(payload []byte) (*answer, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(payload, &members) == nil && members["statusCode"] != nil {
		return answerOf(members)
	}
	a := &answer{status: http.StatusOK}
	var text string
	if json.Unmarshal(payload, &text) == nil && !bytes.Equal(bytes.TrimSpace(payload), []byte("null")) {
		a.body = []byte(text)
		return a, nil
	}
	var compact bytes.Buffer
	if json.Compact(&compact, payload) != nil {
		return nil, errBroken
	}
	a.body = compact.Bytes()
	return a, nil
}

// answerOf reads the members of an answer.
func answerOf(members map[string]json.RawMessage) (*answer, error) {
	a, err := headOf(members)
	if err != nil {
		return nil, err
	}
	var isBase64 bool
	if m := members["isBase64Encoded"]; m != nil && json.Unmarshal(m, &isBase64) != nil {
		return nil, errBroken
	}
	body := members["body"]
	if len(body) == 0 || string(body) == "null" {
		return a, nil
	}
	var text string
	if json.Unmarshal(body, &text) != nil {
		a.body = body // a body that is no text is its JSON
		return a, nil
	}
	a.body = []byte(text)
	if isBase64 {
		if a.body, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, errBroken
		}
	}
	return a, nil
}

// headOf reads all of an answer but its body. The status may be a text, as at AWS.
func headOf(members map[string]json.RawMessage) (*answer, error) {
	a := &answer{status: http.StatusOK, headers: map[string]string{}}
	var err error
	if status := members["statusCode"]; status != nil {
		if a.status, err = strconv.Atoi(strings.Trim(string(status), `"`)); err != nil || a.status < 200 || a.status > 599 {
			return nil, errBroken
		}
	}
	var headers map[string]any
	for name, into := range map[string]any{"headers": &headers, "cookies": &a.cookies} {
		if m := members[name]; m != nil && json.Unmarshal(m, into) != nil {
			return nil, errBroken
		}
	}
	for name, value := range headers {
		switch v := value.(type) {
		case string:
			a.headers[name] = v
		case bool:
			a.headers[name] = strconv.FormatBool(v)
		case float64:
			a.headers[name] = strconv.FormatFloat(v, 'f', -1, 64)
		case nil:
		default:
			return nil, errBroken
		}
	}
	return a, nil
}

// ours are headers that a function does not say: the connection is the server's. What it
// says of them is told under another name, as at AWS.
var ours = []string{"Connection", "Content-Length", "Date", "Host", "Keep-Alive", "Server", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// head writes the head of an answer. If the URL says which pages may call, the function
// does not.
func (a *answer) head(w http.ResponseWriter, cors bool) {
	h := w.Header()
	for name, value := range a.headers {
		name = textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case slices.Contains(ours, name):
			h.Set("X-Amzn-Remapped-"+name, value)
		case cors && strings.HasPrefix(name, "Access-Control-"):
		case name == "Vary":
			h.Add(name, value)
		case name != "X-Amzn-Requestid" && value != "":
			h.Set(name, value)
		}
	}
	for _, cookie := range a.cookies {
		h.Add("Set-Cookie", cookie)
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json")
	}
	if a.body != nil && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
}
