package url

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/policy"
	"github.com/dari-bus/dari/internal/signature"
)

var (
	errNowhere   = &refusal{http.StatusForbidden, "AccessDeniedException", []byte(`{"Message":null}`)}
	errForbidden = refuse(http.StatusForbidden, "AccessDeniedException", "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html")
)

// admit asks whether a caller may call a URL: everybody by its policy, or whoever signed.
func (c *call) admit(by access.Caller) error {
	ask := access.Ask{Caller: by, Action: "lambda:InvokeFunctionUrl", Resource: c.of.ARN(), Owner: c.of.Account, Policy: c.s.opt.Functions.PolicyOf(c.of)}
	ask.Keys = map[string][]string{"lambda:FunctionUrlAuthType": {c.url.Auth}}
	if err := c.allow(&ask); err != nil || c.OnePermission {
		return err
	}
	ask.Action = "lambda:InvokeFunction"
	ask.Keys = map[string][]string{"lambda:FunctionUrlAuthType": {c.url.Auth}, "lambda:InvokedViaFunctionUrl": {"true"}}
	return c.allow(&ask)
}

func (c *call) allow(ask *access.Ask) error {
	if c.url.Auth != authNone {
		err := c.s.opt.Guard.Allow(ask)
		if fault.KindOf(err) == fault.KindDenied {
			return errForbidden
		}
		return err
	}
	if ask.Policy == nil || ask.Policy.Decide(ask.Request()).Verdict != policy.Allowed {
		return errForbidden
	}
	return nil
}

// A signer is who signed a request, as far as that is known.
type signer struct {
	claim signature.Claim
	by    access.Caller
	// trusted says that they are whom they say they are, without keys.
	trusted bool
}

// sign finds out who says that they signed a request.
func (c *call) sign() (s signer, err error) {
	at := access.Place{Account: c.of.Account, Region: c.of.Region}
	if s.claim, err = signature.Read(c.r); err != nil {
		return s, unsigned(err)
	}
	if s.claim.Service == "" {
		return s, errForbidden
	}
	s.by = s.claim.Caller(c.r, at)
	if s.claim.Service != "lambda" || s.by.Region != at.Region {
		return s, refuse(http.StatusForbidden, "InvalidSignatureException", fmt.Sprintf("Credential should be scoped to the region %s and the service 'lambda'.", at.Region))
	}
	s.trusted = c.Open && !c.Keys.Issued(s.by.KeyID)
	if s.trusted && !strings.HasPrefix(c.r.Header.Get("Authorization"), "AWS4-") {
		// Any web page can lead a browser to an address, and a word in it is no key.
		return s, errForbidden
	}
	return s, nil
}

// vouch says what is wrong with a signature before the body is there.
func (s *signer) vouch(c *call) error {
	if s.trusted {
		return nil
	}
	_, err := s.claim.Key(c.r, c.Keys, time.Now())
	return unsigned(err)
}

// verify returns who signed a request with a body.
func (s *signer) verify(c *call, body []byte) (access.Caller, error) {
	if s.trusted {
		return s.by, nil
	}
	key, err := s.claim.Verify(c.r, body, c.Keys, time.Now())
	if err != nil {
		return s.by, unsigned(err)
	}
	return signature.Become(s.by, key), nil
}

// unsigned is the refusal of a signature.
func unsigned(err error) error {
	if e, ok := errors.AsType[*signature.Error](err); ok {
		return refuse(http.StatusForbidden, e.Code, e.Message)
	}
	return err
}

// anonymous is a caller whom nobody knows.
func (c *call) anonymous() access.Caller {
	var nobody signature.Claim
	by := nobody.Caller(c.r, c.of.Place)
	return access.Caller{Place: access.Place{Region: c.of.Region}, Trace: by.Trace, UserAgent: by.UserAgent, SourceIP: by.SourceIP}
}
