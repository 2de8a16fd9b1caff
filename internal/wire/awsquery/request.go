package awsquery

import (
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// FormType is the media type of a form.
const FormType = "application/x-www-form-urlencoded"

// IsForm says whether the body of r is a form. Hand-written clients may not say what
// they send; then it is one unless it is marked as JSON.
func IsForm(r *http.Request) bool {
	if r.Method != http.MethodPost || r.Header.Get("X-Amz-Target") != "" {
		return false
	}
	ct := r.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(ct)
	return ct == "" || err == nil && media == FormType
}

// PrefersJSON says whether a client of the query protocol accepts JSON, and does
// not name XML before it.
func PrefersJSON(h http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(h.Values("Accept"), ","), ",") {
		switch media, _, _ := mime.ParseMediaType(part); media { // "" will do
		case "application/json":
			return true
		case "text/xml", "application/xml":
			return false
		}
	}
	return false
}

// SetURL fills the member that stands for the path of the request: a message may
// be sent to http://host/123456789012/queue without saying QueueUrl again.
func SetURL(scheme, host, path string, s *shape.Shape, in reflect.Value) {
	if path = strings.TrimSuffix(path, "/"); path == "" {
		return
	}
	for i := range s.Fields {
		f := &s.Fields[i]
		if v := f.Of(in); f.Form.URL && f.Shape.Ptr && f.Shape.Kind == shape.KindString && v.IsNil() {
			p := reflect.New(f.Shape.Type)
			p.Elem().SetString(scheme + "://" + host + path)
			v.Set(p)
		}
	}
}
