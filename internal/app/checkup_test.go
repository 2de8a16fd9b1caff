package app

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/signature"
)

// Each setting that opens something is said, with what to type.
func TestTheDoctorSaysWhatTheSettingsMean(t *testing.T) {
	const rulesReach = "Rules reach every queue"
	for _, c := range []struct {
		name       string
		change     func(*Options)
		says, lack []string
	}{
		{"the defaults", func(*Options) {}, []string{"Every program on this machine may do everything", "-keys FILE"}, []string{"TLS", rulesReach}},
		{"pages that may call", func(o *Options) { o.Origins = "https://a.example" }, []string{"Web pages of these origins may call", "https://a.example"}, nil},
		{"rules are let in", func(o *Options) { o.EnforcePolicies = false }, []string{rulesReach, "dari serve without -enforce-policies=false"}, nil},
		{"keys", func(o *Options) { o.AccessKey, o.SecretKey = "A", "s" }, []string{"Without a key nobody may do anything"}, []string{"may do everything, in every account"}},
		{"open to the network", func(o *Options) { o.Listen, o.Insecure, o.Outbound = "0.0.0.0:4566", true, "any" },
			[]string{"Whoever reaches 0.0.0.0:4566 may do everything, in every account, without a key", "There is no TLS", "API destinations may be any address", "-outbound public"}, nil},
		{"everybody is held to policies", func(o *Options) { o.EnforceIAM, o.EnforcePolicies = true, false }, []string{"Only users and sessions of roles"}, []string{rulesReach}},
		{"a setting that is none", func(o *Options) { o.Listen = "0.0.0.0:4566" }, []string{"A server does not start with these settings: -listen: 0.0.0.0:4566 can be reached from other machines"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			opt := Defaults()
			c.change(&opt)
			given := opt.check()
			a := &App{opt: opt, rooms: &rooms{}}
			if given != nil {
				a.opt = Defaults()
				if err := a.opt.check(); err != nil {
					t.Fatal(err)
				}
			}
			var b bytes.Buffer
			a.checkup(&b, given)
			for _, want := range c.says {
				if !strings.Contains(b.String(), want) {
					t.Errorf("it lacks %q:\n%s", want, &b)
				}
			}
			for _, no := range c.lack {
				if strings.Contains(b.String(), no) {
					t.Errorf("it has %q:\n%s", no, &b)
				}
			}
		})
	}
}

// Each thing that might surprise is found in a data directory, and what is as it
// should be is not.
func TestTheDoctorFindsWhatMightSurprise(t *testing.T) {
	opt := Defaults()
	opt.Listen, opt.Data, opt.Log = "127.0.0.1:0", t.TempDir(), slog.New(slog.DiscardHandler)
	a, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	call := func(target, body string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "http://"+a.listener.Addr().String()+"/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		r.Header.Set("X-Amz-Target", target)
		w := httptest.NewRecorder()
		if a.front.ServeHTTP(w, r); w.Code != http.StatusOK {
			t.Fatalf("%s %s: %s", target, body, w.Body)
		}
	}
	const queue, open = "arn:aws:sqs:us-east-1:000000000000:", `{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:*\",\"Resource\":\"*\"}}`
	const ours = `{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"111111111111\"},\"Action\":\"sqs:*\",\"Resource\":\"*\"}}`
	call("AmazonSQS.CreateQueue", `{"QueueName":"open","Attributes":{"Policy":"`+open+`"}}`)
	call("AmazonSQS.CreateQueue", `{"QueueName":"shut","Attributes":{"Policy":"`+ours+`"}}`)
	call("Logs_20140328.CreateLogGroup", `{"logGroupName":"/forever"}`)
	call("Logs_20140328.CreateLogGroup", `{"logGroupName":"/brief"}`)
	call("Logs_20140328.PutRetentionPolicy", `{"logGroupName":"/brief","retentionInDays":1}`)
	call("AWSEvents.CreateEventBus", `{"Name":"open"}`)
	call("AWSEvents.PutPermission", `{"EventBusName":"open","StatementId":"all","Action":"events:PutEvents","Principal":"*"}`)
	for _, rule := range []string{"idle", "busy", "astray"} {
		call("AWSEvents.PutRule", `{"Name":"`+rule+`","EventPattern":"{\"source\":[\"a\"]}"}`)
	}
	call("AWSEvents.PutTargets", `{"Rule":"busy","Targets":[{"Id":"1","Arn":"`+queue+`shut"},{"Id":"2","Arn":"arn:aws:logs:us-east-1:000000000000:log-group:/brief"},{"Id":"3","Arn":"arn:aws:events:us-east-1:000000000000:event-bus/open","RoleArn":"arn:aws:iam::000000000000:role/any"}]}`)
	const project = "arn:aws:codebuild:us-east-1:000000000000:project/"
	call("AWSEvents.PutTargets", `{"Rule":"astray","Targets":[{"Id":"1","Arn":"`+queue+`gone"},{"Id":"2","Arn":"arn:aws:sns:us-east-1:000000000000:f"},{"Id":"3","Arn":"`+project+`gone","RoleArn":"arn:aws:iam::000000000000:role/any"}]}`)
	t.Setenv("PATH", t.TempDir()) // a machine without programs
	for name, source := range map[string]string{
		"plain": `{"type":"NO_SOURCE","buildspec":"version: 0.2\nphases: {build: {commands: [make]}}"}`, "fetches": `{"type":"GITHUB","location":"https://github.com/example/shop.git"}`,
		"bashes": `{"type":"NO_SOURCE","buildspec":"version: 0.2\nenv: {shell: bash}"}`,
	} {
		call("CodeBuild_20161006.CreateProject", `{"name":"`+name+`","source":`+source+`,"artifacts":{"type":"NO_ARTIFACTS"},"serviceRole":"arn:aws:iam::000000000000:role/builds",
			"environment":{"type":"LINUX_CONTAINER","image":"i","computeType":"BUILD_GENERAL1_SMALL"}}`)
	}
	for name, principal := range map[string]string{"loose": `"*"`, "tight": `{"AWS":"111111111111"}`} {
		_, err := a.identities.Create(t.Context(), access.Root("000000000000", "us-east-1"), directory.Role, directory.Entity{
			Name: name, Trust: `{"Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + `}}`,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	asked := httptest.NewRecorder()
	if a.front.ServeHTTP(asked, signedFor(t, a, "/_dari/doctor")); asked.Code != http.StatusOK {
		t.Fatalf("a server that runs says %d %s", asked.Code, asked.Body)
	}
	if err := a.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.store.Close(); err != nil {
		t.Fatal(err)
	}

	var b bytes.Buffer
	if well, err := Doctor(t.Context(), opt, false, &b); err != nil || !well {
		t.Fatalf("%v, %v\n%s", well, err, &b)
	}
	// A server that runs says the same of itself, but for how it was looked at.
	_, want, _ := strings.Cut(b.String(), "\nMemory")
	if head, got, _ := strings.Cut(asked.Body.String(), "\nMemory"); got != want || head != "Asked the server at "+a.url()+", whose data are in "+opt.Data+".\n" {
		t.Errorf("a server that runs says\n%s", asked.Body)
	}
	const rule = "arn:aws:events:us-east-1:000000000000:rule/"
	for _, want := range []string{
		"Here are: 3 rules with 6 targets, 2 queues, 2 log groups, 2 roles, 0 users with 0 active keys",
		"no targets: what they match goes nowhere.\n    " + rule + "idle\n  Next: aws events put-targets",
		"do not exist: what is sent there fails.\n    " + rule + "astray to " + queue + "gone\n    " + rule + "astray to " + project + "gone\n  Next",
		"need git, which is not on the PATH here: their builds fail.\n    " + project + "fetches\n  Next: apt install git",
		"need bash, which is not on the PATH here: their builds fail.\n    " + project + "bashes\n  Next: apt install bash",
		"services that dari does not have: what is sent there fails.\n    " + rule + "astray to arn:aws:sns:us-east-1:000000000000:f\n  Next",
		"Anybody may assume these roles, from every account.\n    arn:aws:iam::000000000000:role/loose\n  Next: aws iam update-assume-role-policy",
		"let everybody in.\n    " + queue + "open\n  Next: aws sqs set-queue-attributes",
		"let everybody put events.\n    arn:aws:events:us-east-1:000000000000:event-bus/open\n  Next: aws events remove-permission",
		"keep events for ever.\n    /forever\n  Next: aws logs put-retention-policy",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(b.String())
	}
}

// signedFor is a request of the account of the server's for what is dari's own.
func signedFor(t *testing.T, a *App, path string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, a.url()+path, nil)
	c := signature.Credentials{AccessKey: "dari", Secret: "dari", Region: "us-east-1", Service: "dari"}
	if err := signature.Sign(r, nil, c, time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}
