package target

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// newRequest builds the call of one delivery. Its errors are permanent: the
// same delivery makes the same request every time.
func newRequest(ctx context.Context, e *Endpoint, d *Delivery) (*http.Request, error) {
	own, err := dynamicParameters(d)
	if err != nil {
		return nil, err
	}
	address, err := fillPath(e.URL, own.Path)
	if err != nil {
		return nil, err
	}
	body, err := mergeBody(d.Input, e.Body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, e.Method, address, bytes.NewReader(body))
	if err != nil {
		return nil, Permanent(CodeInvalidParam, "the invocation endpoint of %s cannot be called: it is not a URL", d.Target.ARN)
	}
	req.URL.RawQuery = mergeQuery(req.URL.RawQuery, own.Query, e.Query)
	if req.Header, err = headers(own.Header, e.Header, d.Trace); err != nil {
		return nil, err
	}
	return req, nil
}

// fillPath puts values in the place of the stars in the path of an endpoint,
// in order. A value stays inside its segment: a slash in it is escaped, and
// one that would make the segment "." or ".." is refused, because servers take
// those for a step in the path. Surplus values are ignored; stars outside of
// the path are no placeholders.
func fillPath(endpoint string, values []string) (string, error) {
	from, to := pathOf(endpoint)
	segments := strings.Split(endpoint[from:to], "/")
	for i, s := range segments {
		parts := strings.Split(s, "*")
		if len(parts) == 1 {
			continue
		}
		var b strings.Builder
		b.WriteString(parts[0])
		for _, after := range parts[1:] {
			if len(values) == 0 {
				return "", Permanent(CodeInvalidParam, "the invocation endpoint has %d path parameters (*), and HttpParameters.PathParameterValues of the target has fewer",
					strings.Count(endpoint[from:to], "*"))
			}
			b.WriteString(url.PathEscape(values[0]))
			b.WriteString(after)
			values = values[1:]
		}
		segments[i] = b.String()
		if plain, err := url.PathUnescape(segments[i]); err == nil && (plain == "." || plain == "..") {
			return "", Permanent(CodeInvalidParam, "the path parameters make the path segment %q, which is a step in the path and not a name", plain)
		}
	}
	return endpoint[:from] + strings.Join(segments, "/") + endpoint[to:], nil
}

// pathOf returns where the path of a URL begins and ends.
func pathOf(address string) (from, to int) {
	if i := strings.Index(address, "://"); i >= 0 {
		from = i + len("://")
	}
	to = len(address)
	if i := strings.IndexAny(address[from:], "?#"); i >= 0 {
		to = from + i
	}
	if i := strings.IndexByte(address[from:to], '/'); i >= 0 {
		return from + i, to
	}
	return to, to
}

// mergeQuery returns the query of a request: what the endpoint has, as it is
// spelled there, then the target's, by name, then the connection's, in order.
// A parameter of a later one replaces those of that name in the earlier ones.
func mergeQuery(endpoint string, target map[string]string, connection []Parameter) string {
	later := map[string]bool{}
	for _, p := range connection {
		later[p.Key] = true
	}
	var mid []string
	for _, k := range slices.Sorted(maps.Keys(target)) {
		if !later[k] {
			mid = append(mid, url.QueryEscape(k)+"="+url.QueryEscape(target[k]))
		}
		later[k] = true
	}
	var out []string
	for part := range strings.SplitSeq(endpoint, "&") {
		name, _, _ := strings.Cut(part, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if part != "" && !later[name] {
			out = append(out, part)
		}
	}
	out = append(out, mid...)
	for _, p := range connection {
		out = append(out, url.QueryEscape(p.Key)+"="+url.QueryEscape(p.Value))
	}
	return strings.Join(out, "&")
}

// mergeBody puts the body parameters of a connection into a JSON object. They
// replace members of the same name and come last; the text of the other values
// stays as it is. A body that is no object is sent as it is.
func mergeBody(body []byte, params []Parameter) ([]byte, error) {
	if len(params) == 0 {
		return body, nil
	}
	replaced := map[string]bool{}
	for _, p := range params {
		replaced[p.Key] = true
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return body, nil
	}
	out := bytes.NewBuffer(make([]byte, 0, len(body)+64*len(params)))
	add := func(key string, value []byte) {
		separator := byte(',')
		if out.Len() == 0 {
			separator = '{'
		}
		out.WriteByte(separator)
		out.Write(quote(key))
		out.WriteByte(':')
		out.Write(value)
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return nil, errBodyNotJSON
		}
		if name := key.(string); !replaced[name] {
			add(name, value)
		}
	}
	if end, err := dec.Token(); err != nil || end != json.Delim('}') {
		return nil, errBodyNotJSON
	}
	for _, p := range params {
		add(p.Key, quote(p.Value))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

var errBodyNotJSON = Permanent(CodeInvalidJSON, "the body parameters of the connection do not fit into the input, which is not valid JSON")

// quote returns s as a JSON string, without the escapes that are for HTML.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
