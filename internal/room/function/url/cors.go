package url

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// answer tells a browser what a page may do with a URL, in the place of what the
// function would say. It reports true when the request was only the question, which is
// answered then.
func (c *CORS) answer(w http.ResponseWriter, r *http.Request) (answered bool) {
	if c == nil {
		return false
	}
	asks := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	h := w.Header()
	if origin := c.admits(r.Header.Get("Origin")); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		set := func(name string, values []string) {
			if len(values) > 0 {
				h.Set(name, strings.Join(values, ","))
			}
		}
		if c.Credentials != nil && *c.Credentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		set("Access-Control-Expose-Headers", c.Expose)
		if asks {
			set("Access-Control-Allow-Methods", c.Methods)
			set("Access-Control-Allow-Headers", c.Headers)
			if c.MaxAge != nil {
				h.Set("Access-Control-Max-Age", strconv.Itoa(*c.MaxAge))
			}
		}
	}
	if !slices.Equal(c.Origins, []string{"*"}) {
		h.Set("Vary", "Origin")
	}
	if asks {
		w.WriteHeader(http.StatusOK)
	}
	return asks
}

// admits returns the origin that is told to a browser whose page is of one, or "".
func (c *CORS) admits(origin string) string {
	all := slices.Contains(c.Origins, "*")
	switch {
	case origin == "":
		return ""
	case all && (c.Credentials == nil || !*c.Credentials):
		return "*"
	case all || slices.ContainsFunc(c.Origins, func(o string) bool { return strings.EqualFold(o, origin) }):
		return origin // with credentials browsers take no star
	}
	return ""
}
