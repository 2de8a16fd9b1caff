package app

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

// A refusing guard lets nobody do anything, and remembers what for it was asked.
type refusing struct{ asked []string }

func (g *refusing) Allow(a *access.Ask) error {
	g.asked = append(g.asked, a.Action)
	return fault.Denied("no")
}

// otherActions are the permissions that AWS asks for where they do not have the
// name of the operation.
var otherActions = map[string]string{
	"lambda.GetLayerVersionByArn":      "lambda:GetLayerVersion",
	"lambda.Invoke":                    "lambda:InvokeFunction",
	"lambda.InvokeWithResponseStream":  "lambda:InvokeFunction",
	"sqs.ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
	"sqs.DeleteMessageBatch":           "sqs:DeleteMessage",
	"sqs.SendMessageBatch":             "sqs:SendMessage",
}

// Every operation that is offered asks the guard, and does nothing when that says
// no. Who one is, and for a session, everybody may ask, at AWS too.
func TestEveryOperationAsksTheGuard(t *testing.T) {
	a := openForTest(t)
	defer a.store.Close()
	defer a.listener.Close()
	guard := &refusing{}
	a.guard = guard
	var err error
	if a.rooms, err = a.openRooms(t.Context()); err != nil {
		t.Fatal(err)
	}
	services := a.services()
	var seen *wire.Call
	aws, err := wire.NewHandler(wire.Options{Services: services, After: func(_ context.Context, c *wire.Call) { seen = c }})
	if err != nil {
		t.Fatal(err)
	}
	resources := strings.NewReplacer(
		"{bus}", "arn:aws:events:us-east-1:111111111111:event-bus/shop",
		"{default}", "arn:aws:events:us-east-1:111111111111:event-bus/default",
		"{rule}", "arn:aws:events:us-east-1:111111111111:rule/shop/orders",
		"{connection}", "arn:aws:events:us-east-1:111111111111:connection/slack/1",
		"{destination}", "arn:aws:events:us-east-1:111111111111:api-destination/hook/1",
		"{vault}", "http://localhost/111111111111/vault", "{vaultARN}", "arn:aws:sqs:us-east-1:111111111111:vault",
		"{morgue}", "http://localhost/111111111111/morgue", "{morgueARN}", "arn:aws:sqs:us-east-1:111111111111:morgue",
		"{group}", "arn:aws:logs:us-east-1:111111111111:log-group:/shop/app", "{noGroup}", "arn:aws:logs:us-east-1:111111111111:log-group:/shop/none",
		"{trail}", "arn:aws:cloudtrail:us-east-1:111111111111:trail/watch",
		"{absent}", "http://localhost/111111111111/absent", "{hook}", "http://localhost",
		"{role}", "arn:aws:iam::111111111111:role/admin", "{policy}", "arn:aws:iam::111111111111:policy/secrets",
		"{api}", "k3x9q1w2e4", "{apiRoot}", "a1b2c3d4e5", "{apiDeployment}", "d4f5g6", "{apiAuthorizer}", "a1b2c3", "{apiValidator}", "b1c2d3",
		"{function}", secretFunction, "{layer}", secretLayer, "{zip}", someZip,
	)
	for name, tries := range reaches {
		service, operation, _ := strings.Cut(name, ".")
		if name == "sts.GetCallerIdentity" || name == "sts.GetSessionToken" {
			continue
		}
		action := strings.Replace(name, ".", ":", 1)
		if other := otherActions[name]; other != "" {
			action = other
		}
		if service == "apigateway" { // whose actions are the methods of its requests
			method, _, _ := strings.Cut(tries[0].body, " ")
			action = "apigateway:" + method
		}
		guard.asked = nil
		for _, try := range tries {
			method, path, body, header := asSent(named(services, service), operation, resources.Replace(try.body))
			r := httptest.NewRequest(method, "http://localhost"+path, strings.NewReader(body))
			r.Header = header
			w := httptest.NewRecorder()
			aws.ServeHTTP(w, r)
			if seen.Operation != operation || w.Code == http.StatusOK && !try.entries {
				t.Errorf("%s %s: %d %s", name, body, w.Code, w.Body)
			}
		}
		if !slices.Contains(guard.asked, action) {
			t.Errorf("%s did not ask whether the caller may do %s; it asked %q", name, action, guard.asked)
		}
	}
}
