package mapping

import (
	"strings"

	"github.com/dari-bus/dari/internal/room/restapi/accesslog"
)

// CompileGatewayParameters compiles the parameters of a gateway response, by what they are
// put to: gatewayresponse.header.name. An error is a fault, with AWS's sentence.
func CompileGatewayParameters(mappings map[string]string) (*Parameters, error) {
	return compile(mappings, []string{"gatewayresponse.header."}, "integration.response.")
}

// variablesOf are what a variable in a template of a gateway response begins with.
var variablesOf = []string{"context.", "stageVariables.", "method.request.path.", "method.request.querystring.", "method.request.header."}

// Substitute fills in the variables of a template of a gateway response, of which nothing
// else is read: it is not in the language of mapping templates. A variable that is not
// there is an empty text.
func (x *Exchange) Substitute(template string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(template, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		v, rest, ok := x.variable(after)
		if !ok {
			out.WriteByte('$')
		}
		out.WriteString(v)
		template = rest
	}
}

// variable returns what a variable says that text begins with, behind its $, and what
// stands behind it.
func (x *Exchange) variable(text string) (v, rest string, ok bool) {
	inner, formal := strings.CutPrefix(text, "{")
	for _, of := range variablesOf {
		name, isOf := strings.CutPrefix(inner, of)
		n := accesslog.NameLength(name)
		if !isOf || n == 0 {
			continue
		}
		name, rest = name[:n], name[n:]
		if formal {
			if rest, ok = strings.CutPrefix(rest, "}"); !ok {
				break
			}
		}
		e := evaluation{exchange: x}
		values, _ := e.values(&source{place: of, name: name}) // none of these can fail
		return strings.Join(values, ""), rest, true
	}
	return "", text, false
}
