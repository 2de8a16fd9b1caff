package wire

import (
	"net/http"
	"time"
)

// Authenticate checks the signature of a request that has no body and is no
// call of an AWS API, as [NewHandler]'s handler checks those: such a request is
// signed for the given service name. The error is an [*Error].
func Authenticate(r *http.Request, keys Keys, service string, now time.Time) error {
	h := &handler{Options: Options{Keys: keys, Clock: func() time.Time { return now }}}
	c := &call{r: r}
	c.auth, c.authErr = readAuthorization(r)
	if c.authErr == nil && c.auth.signature != "" && c.auth.service != service {
		return errIncomplete("the credential scope must name the service " + service)
	}
	return h.authenticate(c)
}
