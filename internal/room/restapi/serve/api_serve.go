package serve

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/dari-bus/dari/internal/budget"
	"github.com/dari-bus/dari/internal/outbound"
	"github.com/dari-bus/dari/internal/room/restapi/accesslog"
	"github.com/dari-bus/dari/internal/room/restapi/catalog"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/executionlog"
	"github.com/dari-bus/dari/internal/room/restapi/mapping"
	"github.com/dari-bus/dari/internal/wire/body"
)

// Stages are what is served: see [catalog.Catalog].
type Stages interface {
	Serving(api, stage string) (catalog.Serving, bool)
}

// Network is what integrations are called with: see [outbound.Client].
type Network interface {
	Open(req *http.Request, t outbound.Terms) (*http.Response, error)
}

// Options configure a Service. All must be given, but the shares of memory, which without
// have no bound.
type Options struct {
	Stages  Stages
	Network Network
	// Functions are what integrations of the kind AWS_PROXY run.
	Functions Functions
	Logs      *Logs
	// Bodies is the memory for requests, Answers that for what templates take and for
	// answers that are gathered; an account has half of it at most.
	Bodies  body.Memory
	Answers *budget.Share
	// AtOnce is how many requests an account may have under way.
	AtOnce int
	// Known is told the context of a request that waits for what it wants, and holds no
	// memory of those any more who have yet to send all of it.
	Known func(context.Context)
	Log   *slog.Logger
}

// A Service serves stages. It is an [http.Handler] for requests whose path value id is that
// of an API, and for those that [Addresses] knows.
type Service struct {
	opt     Options
	answers *budget.Divided
	plans   shelf[*definition.Deployment, *plan]
	formats shelf[string, *accesslog.Format]

	mu sync.Mutex
	// busy is how many requests each account has under way.
	busy map[string]int
}

// New returns a Service.
func New(opt Options) *Service {
	s := &Service{opt: opt, answers: opt.Answers.Divided(), busy: map[string]int{}}
	s.plans.most, s.formats.most = mostPlans, mostFormats
	return s
}

// enter counts a request of an account, if it may come in.
func (s *Service) enter(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[account] >= s.opt.AtOnce {
		return false
	}
	s.busy[account]++
	return true
}

func (s *Service) leave(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[account]--; s.busy[account] == 0 {
		delete(s.busy, account)
	}
}

// A call is one request on its way.
type call struct {
	*Service
	w       http.ResponseWriter
	r       *http.Request
	began   time.Time
	id      string
	at      address
	serving catalog.Serving
	plan    *plan
	setting definition.MethodSetting
	method  *method
	x       mapping.Exchange
	trace   *executionlog.Log
	body    body.Body
	// left says that somebody else counts the call as ended.
	left bool
	// reserved is what has been taken of the memory for answers.
	reserved int64
	// What was answered: its status, and how many bytes of its body were written.
	status int
	sent   int64
}

func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Service: s, w: w, r: r, began: time.Now(), id: uuid.NewString(), at: addressOf(r), trace: executionlog.New(executionlog.Options{})}
	w.Header().Set("X-Amzn-Requestid", c.id)
	if c.at.shared {
		// What an API answers at the server's own host is none of the server's pages.
		w.Header().Set("Content-Security-Policy", "sandbox")
	}
	var ok bool
	if c.serving, ok = s.opt.Stages.Serving(c.at.api, c.at.stage); !ok {
		c.fail(errForbidden)
		return
	}
	defer c.log()
	defer c.free()
	c.choose()
	c.begin()
	if !s.enter(c.serving.Account) {
		c.fail(refuse("THROTTLED", "Too Many Requests", "the account has as many requests under way as it may"))
		return
	}
	defer func() {
		if !c.left {
			s.leave(c.serving.Account)
		}
	}()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

// choose takes the deployment that the request goes to.
func (c *call) choose() {
	d, variables := c.serving.Deployment, c.serving.Stage.Variables
	if cn := c.serving.Stage.Canary; cn != nil && c.serving.Canary != nil && 100*rand.Float64() < cn.Percent {
		d = c.serving.Canary
		all := map[string]string{}
		for _, from := range []map[string]string{variables, cn.Overrides} {
			for name, v := range from {
				all[name] = v
			}
		}
		variables = all
	}
	c.plan = c.planOf(d)
	c.x.StageVariables = variables
	c.x.Context = map[string]any{"deploymentId": d.ID}
}

// maxHead is how long a request's line and the values of its header may be, as at AWS.
const maxHead = 10_240

// serve finds the method of the request, and has its integration answer.
func (c *call) serve() error {
	if c.plan.of.NoDefault && !c.at.shared {
		return errForbidden
	}
	if c.headLength() > maxHead {
		return refuse("REQUEST_TOO_LARGE", "Request Too Long", "the head of the request is too long")
	}
	m, variables := c.plan.root.find(c.at.path, c.r.Method)
	if m == nil {
		return refuse("MISSING_AUTHENTICATION_TOKEN", "Missing Authentication Token", "no method is for the path and the verb")
	}
	c.method, c.x.Request.Path = m, variables
	c.x.Context["resourcePath"], c.x.Context["resourceId"] = m.node.Path, m.node.ID
	c.setting = c.serving.Stage.Setting(m.node.Path, m.verb)
	c.beginTrace()
	if c.setting.Rate == 0 || c.setting.Burst == 0 {
		return refuse("THROTTLED", "Too Many Requests", "the stage lets no request of the method through")
	}
	if err := c.offered(); err != nil {
		return err
	}
	if err := m.compile(); err != nil {
		return misconfigured(err.Error())
	}
	if err := c.checkParameters(); err != nil {
		return err
	}
	switch m.of.Integration.Type {
	case "MOCK":
		return c.mock()
	case "HTTP":
		return c.gather()
	case "AWS_PROXY":
		return c.invoke()
	default:
		return c.pass()
	}
}

// errForbidden is for what is not to be called at an address.
var errForbidden = errors.New("there is no such stage at this address")

// unserved says what dari has no service for.
type unserved string

func errNotServed(what string) error { return unserved(what) }

func (u unserved) Error() string { return "dari does not serve " + string(u) + " yet" }

// offered says what of the method is not served yet. What would keep somebody out must be
// among that.
func (c *call) offered() error {
	m := c.method.of
	switch v := c.plan.of.Validators[m.Validator]; {
	case c.plan.of.Policy != "":
		return errNotServed("an API with a resource policy")
	case m.Authorization != "NONE":
		return errNotServed("a method with the authorization " + m.Authorization)
	case m.NeedsKey:
		return errNotServed("a method that needs an API key")
	case v != nil && v.Body && len(m.Models) > 0:
		return errNotServed("a method whose request bodies are checked by models")
	}
	switch i := m.Integration; i.Type {
	case "MOCK", "HTTP", "HTTP_PROXY":
		return nil
	case "AWS_PROXY":
		if !strings.Contains(i.URI, ":lambda:path/") || i.Credentials != "" {
			return errNotServed("integrations of the type AWS_PROXY with what is no function, or with credentials")
		}
		return nil
	default:
		return errNotServed("integrations of the type " + i.Type)
	}
}

// fail answers what no integration did.
func (c *call) fail(err error) {
	if r, ok := errors.AsType[*refusal](err); ok {
		c.gateway(r)
		return
	}
	if errors.Is(err, errForbidden) {
		c.plainly(http.StatusForbidden, "ForbiddenException", "Forbidden")
		return
	}
	if u, ok := errors.AsType[unserved](err); ok {
		c.plainly(http.StatusNotImplemented, "NotImplementedException", u.Error()+".")
		return
	}
	if c.r.Context().Err() == nil {
		c.opt.Log.Error("a stage of a REST API could not answer", "api", c.at.api, "stage", c.at.stage, "request", c.id, "err", err)
	}
	c.gateway(refuse("API_CONFIGURATION_ERROR", "Internal server error", err.Error()))
}

// reserve takes memory for what a template makes.
func (c *call) reserve(n int) error {
	if !c.answers.Try(c.serving.Account, int64(n)) {
		return refuse("THROTTLED", "Too Many Requests", "there is not memory enough for the request now")
	}
	c.reserved += int64(n)
	return nil
}

// free gives back what the call has.
func (c *call) free() {
	c.body.Free(c.r.Context())
	if c.reserved > 0 {
		c.answers.Give(c.serving.Account, c.reserved)
	}
}
