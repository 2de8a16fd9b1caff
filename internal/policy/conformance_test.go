package policy_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dari-bus/dari/conformance"
	"github.com/dari-bus/dari/internal/policy"
)

// A question is a line of a file in conformance/policy that asks, with all that was
// said before it in its case.
type question struct {
	place    string // file and line
	policies policy.Policies
	request  policy.Request
	answer   string
	by       string // source and Sid, or "" for whatever
}

// A scene is the case that is being read.
type scene struct {
	policies         policy.Policies
	caller           string
	action, resource string
	owner            string
}

// TestConformance asks every question of conformance/policy.
func TestConformance(t *testing.T) {
	asked := 0
	for _, q := range questions(t) {
		asked++
		o := q.policies.Evaluate(q.request)
		got := map[policy.Verdict]string{policy.Allowed: "allowed", policy.Denied: "explicitDeny", policy.NotCovered: "implicitDeny"}[o.Verdict]
		by := map[policy.Source]string{policy.FromIdentity: "identity", policy.FromResource: "resource", policy.FromBoundary: "boundary",
			policy.FromSession: "session", policy.FromTrust: "trust"}[o.Source]
		if o.Statement != nil {
			by += " " + o.Statement.Sid
		}
		if got != q.answer || q.by != "" && by != q.by {
			t.Errorf("%s: %s by %s, want %s by %s", q.place, got, by, q.answer, q.by)
		}
	}
	if asked < 400 {
		t.Errorf("%d questions were asked", asked)
	}
}

// The rows of the cases that are about evaluation are all there.
func TestConformanceNamesTheCases(t *testing.T) {
	var all strings.Builder
	for _, file := range policyFiles(t) {
		all.WriteString(file.text)
	}
	for _, n := range []int{1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20, 25, 26, 28, 29, 31, 32, 34, 35, 37, 38, 40, 41, 43, 44, 46, 47, 49, 50, 52, 53} {
		if !regexp.MustCompile(fmt.Sprintf(`(?m)^# I%d:`, n)).MatchString(all.String()) {
			t.Errorf("no case is row I%d", n)
		}
	}
}

type policyFile struct{ name, text string }

func policyFiles(t testing.TB) []policyFile {
	t.Helper()
	names, err := fs.Glob(conformance.Files, "policy/*.test")
	if err != nil || len(names) == 0 {
		t.Fatalf("no conformance files: %v", err)
	}
	var files []policyFile
	for _, name := range names {
		text, err := fs.ReadFile(conformance.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, policyFile{name, string(text)})
	}
	return files
}

func questions(t testing.TB) (all []*question) {
	t.Helper()
	for _, file := range policyFiles(t) {
		var s *scene
		for n, line := range strings.Split(file.text, "\n") {
			place := fmt.Sprintf("%s:%d", file.name, n+1)
			word, text, _ := strings.Cut(line, " ")
			text = strings.TrimLeft(text, " ")
			switch {
			case line == "":
				s = nil
				continue
			case strings.HasPrefix(line, "#"):
				continue
			case s == nil:
				s = &scene{caller: "arn:aws:iam::111122223333:user/anna", action: "sqs:SendMessage",
					resource: "arn:aws:sqs:eu-central-1:111122223333:q", owner: "111122223333"}
			}
			switch word {
			case "allowed", "implicitDeny", "explicitDeny":
				q := s.ask(t, place, text)
				q.answer = word
				all = append(all, q)
			case "by":
				all[len(all)-1].by = text
			case "invalid":
				kind, text, _ := strings.Cut(text, " ")
				if _, err := parsers[kind](text); err == nil {
					t.Errorf("%s: it was taken", place)
				}
			default:
				if err := s.tell(word, text); err != nil {
					t.Fatalf("%s: %v", place, err)
				}
			}
		}
	}
	return all
}

var parsers = map[string]func(string) (*policy.Document, error){
	"identity": policy.ParseIdentity, "boundary": policy.ParseIdentity, "session": policy.ParseIdentity,
	"resource": policy.ParseResource, "trust": policy.ParseTrust,
}

const (
	holds  = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":%s}}`
	denies = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*","Condition":%s}]}`
)

func (s *scene) tell(word, text string) error {
	switch word {
	case "caller":
		s.caller = text
		return nil
	case "action":
		s.action = text
		return nil
	case "on":
		s.resource = text
		return nil
	case "owner":
		s.owner = text
		return nil
	case "condition":
		word, text = "identity", fmt.Sprintf(holds, text)
	case "unless":
		word, text = "identity", fmt.Sprintf(denies, text)
	}
	parse := parsers[word]
	if parse == nil {
		return fmt.Errorf("unknown word %q", word)
	}
	d, err := parse(text)
	if err != nil {
		return err
	}
	p := &s.policies
	switch word {
	case "identity":
		p.Identity = append(slices.Clone(p.Identity), d)
	case "boundary":
		p.Boundary = []*policy.Document{d}
	case "session":
		p.Session = append(slices.Clone(p.Session), d)
	default:
		p.Resource, p.Trust = d, word == "trust"
	}
	return nil
}

func (s *scene) ask(t testing.TB, place, context string) *question {
	t.Helper()
	q := &question{place: place, policies: s.policies, request: policy.Request{Action: s.action, Resource: s.resource, Context: map[string][]string{}}}
	who := &q.request.Principal
	caller := strings.Fields(s.caller)
	for i := 1; i < len(caller)-1; i += 2 {
		switch caller[i] {
		case "of":
			who.Role = caller[i+1]
		case "id":
			who.ID = caller[i+1]
		}
	}
	switch caller[0] {
	case "nobody":
	case "service":
		who.Service = caller[1]
	case "federated":
		who.Federated = caller[1]
	default:
		who.ARN, who.Account = caller[0], strings.Split(caller[0], ":")[4]
		q.policies.Root = strings.HasSuffix(who.ARN, ":root")
		q.policies.Foreign = who.Account != s.owner
	}
	if context == "" {
		return q
	}
	var values map[string]any
	if err := json.Unmarshal([]byte(context), &values); err != nil {
		t.Fatalf("%s: %v", place, err)
	}
	for key, v := range values {
		q.request.Context[key] = []string{}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, one := range list {
			q.request.Context[key] = append(q.request.Context[key], one.(string))
		}
	}
	return q
}
