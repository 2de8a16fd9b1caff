package serve

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/mapping"
)

// A refusal is why no integration answers a request: a type of gateway response, what it
// says, and why, for the API's owner.
type refusal struct {
	kind, message, why string
	// status is that of the answer where the API says none, 0 for that of the type.
	status int
}

func (r *refusal) Error() string { return r.why }

func refuse(kind, message, why string) *refusal {
	return &refusal{kind: kind, message: message, why: why}
}

// misconfigured is for an API that is not as it must be.
func misconfigured(why string) *refusal {
	return refuse("API_CONFIGURATION_ERROR", "Internal server error", "Execution failed due to configuration error: "+why)
}

// codes are the types of errors that gateway responses tell in a header.
var codes = map[string]string{
	"API_CONFIGURATION_ERROR":      "ApiConfigurationException",
	"BAD_REQUEST_PARAMETERS":       "BadRequestException",
	"INTEGRATION_FAILURE":          "InternalServerErrorException",
	"INTEGRATION_TIMEOUT":          "InternalServerErrorException",
	"MISSING_AUTHENTICATION_TOKEN": "MissingAuthenticationTokenException",
	"REQUEST_TOO_LARGE":            "RequestTooLargeException",
	"THROTTLED":                    "TooManyRequestsException",
	"UNSUPPORTED_MEDIA_TYPE":       "BadRequestException",
}

// gateway answers with a gateway response, as the deployment has it.
func (c *call) gateway(r *refusal) {
	quoted, _ := json.Marshal(r.message) // texts always can be
	c.x.Context["error"] = map[string]any{"message": r.message, "messageString": string(quoted), "responseType": r.kind}
	var responses definition.Responses
	if c.plan != nil {
		responses = c.plan.of.Responses
	}
	g, set := responses.Of(r.kind)
	media, template := chosen(g.Templates, c.r.Header.Get("Accept"))
	h := c.w.Header()
	h.Set("Content-Type", media)
	h.Set("X-Amzn-Errortype", codes[r.kind])
	if p, err := mapping.CompileGatewayParameters(g.Parameters); err == nil { // which was checked when it was set
		c.setHeaders(p)
	}
	if family := responses["DEFAULT_5XX"]; r.status != 0 && !set && (family == nil || family.Status == "") {
		g.Status = strconv.Itoa(r.status)
	}
	status, err := strconv.Atoi(g.Status)
	if err != nil || status < 200 {
		status = http.StatusInternalServerError
	}
	kind := r.kind
	if !set {
		kind = "DEFAULT_" + strconv.Itoa(status/100) + "XX"
	}
	c.trace.Failed(r.why)
	c.trace.Gateway(kind, status)
	c.trace.Ended(status, "", "")
	c.text(status, c.x.Substitute(template))
}

// chosen is the template that an Accept means, else that for JSON, else the first.
func chosen(all map[string]string, accept string) (media, template string) {
	for accepted := range strings.SplitSeq(accept, ",") {
		accepted, _, _ = strings.Cut(accepted, ";")
		if accepted = strings.TrimSpace(accepted); all[accepted] != "" {
			return accepted, all[accepted]
		}
	}
	if template, ok := all["application/json"]; ok {
		return "application/json", template
	}
	first := slices.Min(slices.Collect(maps.Keys(all)))
	return first, all[first]
}
