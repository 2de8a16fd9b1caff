package policy_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/policy"
)

func FuzzParse(f *testing.F) {
	f.Add(document(statement(`Sid: "a"`, `Principal: {"AWS": ["123456789012"], "Service": "events.amazonaws.com"}`)), "k", "1")
	f.Add(document(statement(`Effect: "Deny"`, `Condition: {"ForAllValues:NumericLessThanIfExists": {"k": [1, "2"]}}`)), "k", "x")
	f.Add(`{"Statement": {"Effect": "Allow", "NotPrincipal": "*", "NotAction": ["a:b"], "NotResource": "c", "Condition": {"Null": {"k": true}}}}`, "k", "")
	f.Add(document(`{"Effect": "Allow", "Action": "a:*", "Resource": "arn:a:b:c:d:${k, 'x'}${*}", "Condition": {"ArnLike": {"k": "${k}"}, "DateLessThan": {"k": "2030"}}}`), "k", "arn:1:2:3:4:5")
	f.Add(document(`{"Effect": "Allow", "Action": "sts:*", "Principal": {"Federated": "accounts.google.com"}, "Condition": {"BinaryEquals": {"k": "eA=="}, "Bool": {"k": "${k}"}}}`), "k", "true")
	f.Fuzz(func(t *testing.T, text, key, value string) {
		for _, parse := range []func(string) (*policy.Document, error){policy.ParseResource, policy.ParseIdentity, policy.ParseTrust} {
			d, err := parse(text)
			if err != nil {
				if d != nil {
					t.Error("a document and an error")
				}
				continue
			}
			if places := policy.Places(text); len(places) != len(d.Statements) {
				t.Errorf("%s: %d statements stand in %d places", text, len(d.Statements), len(places))
			}
			again, err := parse(rebuilt(t, d))
			if err != nil {
				t.Fatalf("%s is no longer a policy when it is put together again: %v", text, err)
			}
			for _, who := range []policy.Principal{{}, eventBridge, stranger, user, session, {Federated: "accounts.google.com"}} {
				r := policy.Request{Principal: who, Action: value, Resource: key, Context: map[string][]string{key: {value}, "k": {value, key}}}
				got, other := d.Decide(r), again.Decide(r)
				if got.String() != other.String() || got.Named != other.Named {
					t.Errorf("%s: %s, and %s when it is put together again", text, got, other)
				}
				// The word may be written with escapes.
				if got.Verdict == policy.Allowed && !strings.Contains(text, "Allow") && !strings.Contains(text, `\u`) {
					t.Errorf("%s allows without an Allow", text)
				}
			}
		}
	})
}

// rebuilt is the document as a room writes it that adds or removes statements.
func rebuilt(t *testing.T, d *policy.Document) string {
	var statements []json.RawMessage
	for _, s := range d.Statements {
		statements = append(statements, s.Text)
	}
	id, err := json.Marshal(d.ID)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, `{"Version":%q,"Id":%s,"Statement":[`, d.Version, id)
	for i, s := range statements {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(s)
	}
	return out.String() + `]}`
}

// Random documents and requests are decided as the oracle below decides them,
// which is slow and reads like the rules.
func FuzzDecide(f *testing.F) {
	f.Add([]byte("a document of some statements and a request that goes with it"))
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		b := make([]byte, 120)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, bytes []byte) {
		d := dice(bytes)
		doc, r := d.document(), d.request()
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := policy.ParseResource(string(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got := parsed.Decide(r)
		want, number := decide(doc, r)
		if got.Verdict != want || want == policy.Denied && got.Statement.Number != number {
			t.Errorf("%s\n%+v\n%s, want %s by statement %d", text, r, got, want, number)
		}
	})
}

// All documents of a request together decide as the steps below do, which ask the
// oracle about each statement: above all, nothing is allowed where a Deny stands.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte("identities, a boundary, a session and a resource that go with a request"), false, false)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 300 {
		b := make([]byte, 400)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		f.Add(b, i%2 == 0, i%4 == 0)
	}
	f.Fuzz(func(t *testing.T, bytes []byte, foreign, trust bool) {
		d := dice(bytes)
		r := d.request()
		p := policy.Policies{Foreign: foreign, Trust: trust, Root: strings.HasSuffix(r.Principal.ARN, ":root")}
		texts := ""
		next := func(parse func(string) (*policy.Document, error), named bool) (object, *policy.Document) {
			doc := d.document()
			for _, s := range doc["Statement"].([]object) {
				if !named {
					delete(s, "Principal")
					delete(s, "NotPrincipal")
				}
			}
			text, err := json.Marshal(doc)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := parse(string(text))
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			texts += string(text) + "\n"
			return doc, parsed
		}
		var steps steps
		for range d.roll(3) {
			doc, parsed := next(policy.ParseIdentity, false)
			p.Identity, steps.identity = append(p.Identity, parsed), append(steps.identity, doc)
		}
		if d.roll(2) == 1 {
			doc, parsed := next(policy.ParseIdentity, false)
			p.Boundary, steps.boundary = []*policy.Document{parsed}, []object{doc}
		}
		for range d.roll(3) {
			doc, parsed := next(policy.ParseIdentity, false)
			p.Session, steps.session = append(p.Session, parsed), append(steps.session, doc)
		}
		if d.roll(4) > 0 {
			doc, parsed := next(policy.ParseResource, true)
			p.Resource, steps.resource = parsed, doc
		}
		began := time.Now()
		got := p.Evaluate(r)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %s", took)
		}
		left := 1 << 30
		if e, ok := p.Explain(r, &left); !ok || e.Outcome != got {
			t.Errorf("%s%+v\n%s, and explained as %s", texts, r, got.Verdict, e.Verdict)
		}
		if want := steps.decide(r, &p); got.Verdict != want {
			t.Errorf("%s%+v\nforeign %t, trust %t, root %t: %s, want %s", texts, r, foreign, trust, p.Root, got.Verdict, want)
		}
	})
}

// steps are the documents of a request.
type steps struct {
	identity, boundary, session []object
	resource                    object
}

func (s *steps) decide(r policy.Request, p *policy.Policies) policy.Verdict {
	verdict := func(docs ...object) policy.Verdict {
		all := policy.NotCovered
		for _, doc := range docs {
			if doc != nil {
				one, _ := decide(doc, r)
				all = max(all, one) // a Deny is the greatest
			}
		}
		return all
	}
	if verdict(slices.Concat(s.identity, s.boundary, s.session, []object{s.resource})...) == policy.Denied {
		return policy.Denied
	}
	granted := verdict(s.resource) == policy.Allowed
	own := verdict(s.identity...) == policy.Allowed || p.Root
	limits := (s.boundary == nil || verdict(s.boundary...) == policy.Allowed) && (s.session == nil || verdict(s.session...) == policy.Allowed)
	named := 0
	if granted {
		named = closest(s.resource, r)
	}
	ok := false
	switch {
	case p.Foreign:
		ok = granted && own && limits
	case named == itself:
		ok = true
	case p.Trust:
		ok = granted && (own || named > account) && limits
	default:
		ok = (own || named > account) && limits
	}
	if ok {
		return policy.Allowed
	}
	return policy.NotCovered
}

// How an Allow names the caller, from the loosest to the closest.
const (
	account = iota + 1
	role
	everybody
	itself
)

// closest says how closely the statements that allow name the caller.
func closest(doc object, r policy.Request) (named int) {
	for _, s := range doc["Statement"].([]object) {
		o := oracle{r, doc["Version"] == "2012-10-17", s["Effect"] == "Deny"}
		if o.deny || !o.covers(s) {
			continue
		}
		p, ok := s["Principal"].(object)
		if !ok {
			named = max(named, everybody)
			continue
		}
		for kind, names := range p {
			for _, name := range names.([]string) {
				name = kind + " " + name
				for _, listed := range o.identities() {
					switch {
					case name == "AWS *":
						named = max(named, everybody)
					case !slices.Contains(listed, name):
					case strings.HasSuffix(listed[0], " "+r.Principal.Account):
						named = max(named, account)
					case strings.Contains(listed[0], ":role/"):
						named = max(named, role)
					default:
						named = max(named, itself)
					}
				}
			}
		}
	}
	return named
}

// Dice make choices of the bytes of a fuzzer; without bytes it is the first.
type dice []byte

func (d *dice) roll(n int) int {
	if len(*d) == 0 {
		return 0
	}
	b := int((*d)[0])
	*d = (*d)[1:]
	return b % n
}

func (d *dice) pick(of ...string) string { return of[d.roll(len(of))] }

func (d *dice) some(max int, fn func() string) []string {
	var out []string
	for range d.roll(max) + 1 {
		out = append(out, fn())
	}
	return out
}

type object = map[string]any

func (d *dice) document() object {
	doc := object{}
	if v := d.pick("2012-10-17", "2012-10-17", "2008-10-17", ""); v != "" {
		doc["Version"] = v
	}
	var statements []object
	for range d.roll(3) + 1 {
		statements = append(statements, d.statement(doc["Version"] == "2012-10-17"))
	}
	doc["Statement"] = statements
	return doc
}

func (d *dice) statement(variables bool) object {
	s := object{"Effect": d.pick("Allow", "Deny")}
	principal := object{}
	for range d.roll(4) {
		kind, name, _ := strings.Cut(d.pick("AWS 123456789012", "AWS arn:aws:iam::123456789012:root", "AWS arn:aws:iam::123456789012:user/ann",
			"AWS arn:aws:iam::123456789012:role/ci/deploy", "AWS arn:aws:sts::123456789012:assumed-role/deploy/ci", "AWS *", "AWS AROAEXAMPLEEXAMPLE",
			"Service events.amazonaws.com", "Federated accounts.google.com", "CanonicalUser "+strings.Repeat("0a", 32)), " ")
		names, _ := principal[kind].([]string)
		principal[kind] = append(names, name)
	}
	s[d.pick("", "Not")+"Principal"] = principal
	if len(principal) == 0 {
		delete(s, "NotPrincipal")
		s["Principal"] = "*"
	}
	s[d.pick("", "", "Not")+"Action"] = d.some(2, func() string { return d.pick("*", "a:b", "A:*", "a:?", "c:*b") })
	s[d.pick("", "", "Not")+"Resource"] = d.some(2, func() string {
		return d.pick("*", "*", "arn:x:y:z:w:", "arn:x:*:z:w:", "arn:${one}:y:z:w:", "arn:x:y:z:${none, 'w'}:") + d.pick("", d.text())
	})
	conditions := object{}
	for range d.roll(3) {
		kind := d.pick("String", "Arn", "Numeric", "Date", "Bool", "IpAddress", "Binary", "Null")
		keys := object{d.pick("one", "ONE", "some", "none"): d.some(3, func() string { return d.value(kind, variables) })}
		name := kind
		switch kind {
		case "String":
			name += d.pick("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
		case "Arn":
			name += d.pick("Equals", "NotEquals", "Like", "NotLike")
		case "Numeric", "Date":
			name += d.pick("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
		case "IpAddress":
			name = d.pick("", "Not") + name
		case "Binary":
			name += "Equals"
		case "Null":
			conditions[kind] = object{d.pick("one", "some", "none"): d.pick("true", "false")}
			continue
		}
		conditions[d.pick("", "ForAnyValue:", "ForAllValues:")+name+d.pick("", "IfExists")] = keys
	}
	s["Condition"] = conditions
	return s
}

func (d *dice) text() string {
	return strings.Join(d.some(4, func() string {
		return d.pick("a", "B", "*", "?", "é", "$", "${one}", "${some}", "${none}", "${none, 'a'}", "${*}", "${?}", "${$}")
	}), "")
}

func (d *dice) value(kind string, variables bool) string {
	switch kind {
	case "Arn":
		return d.pick("*", "arn:a:b:c:d:a", "arn:a:b:c:d:", "arn:?:b:*:d:", "a:b", "${one}", "arn:${none, 'a'}:b:c:d:") + d.pick("", d.text())
	case "Numeric":
		return d.pick("1", "1.0", "2", "-1e1")
	case "Date":
		return d.pick("2030", "2030-01-01T00:00:00Z", "1893456000", "1", "2031-01")
	case "Bool":
		if variables && d.roll(2) == 1 {
			return d.pick("${one}", "${none}", "${none, 'true'}")
		}
		return d.pick("true", "FALSE")
	case "IpAddress":
		return d.pick("10.0.0.0/8", "10.1.2.3", "::1")
	case "Binary":
		return d.pick("eA==", "YQ==", "")
	}
	return d.text()
}

func (d *dice) request() policy.Request {
	value := func() string {
		return d.pick("a", "B", "b", "a*", "*", "1", "2.0", "-10", "2030-01-01", "1893456000", "true", "false", "10.1.2.3", "11.1.2.3", "eA==", "YQ==",
			"arn:a:b:c:d:a", "arn:a:b:c:d:aé", "", "$?")
	}
	who := []policy.Principal{user, session, eventBridge, stranger, {}, {Federated: "accounts.google.com"}, {Account: "123456789012"},
		{Account: "123456789012", ARN: "arn:aws:sts::123456789012:assumed-role/deploy/x", Role: "arn:aws:iam::123456789012:role/ci/deploy", ID: "AROAEXAMPLEEXAMPLE"},
		{Account: "123456789012", ARN: "arn:aws:iam::123456789012:root"}}
	r := policy.Request{Principal: who[d.roll(len(who))], Action: d.pick("a:b", "A:bc", "c:ab"), Context: map[string][]string{}}
	r.Resource = d.pick("arn:x:y:z:w:", "arn:a:y:z:w:") + strings.Join(d.some(3, func() string { return d.pick("a", "B", "é", "*", "?", "$", "") }), "")
	if d.roll(4) > 0 {
		r.Context["one"] = []string{value()}
	}
	if d.roll(4) > 0 {
		r.Context["Some"] = d.some(3, value)
	}
	return r
}

func decide(doc object, r policy.Request) (policy.Verdict, int) {
	verdict := policy.NotCovered
	version, _ := doc["Version"].(string)
	for i, s := range doc["Statement"].([]object) {
		o := oracle{r, version == "2012-10-17", s["Effect"] == "Deny"}
		switch {
		case !o.covers(s):
		case o.deny:
			return policy.Denied, i + 1
		default:
			verdict = policy.Allowed
		}
	}
	return verdict, 0
}

// An oracle asks one statement about one request. In doubt a Deny covers it and
// an Allow does not.
type oracle struct {
	policy.Request
	variables, deny bool
}

func (o oracle) covers(s object) bool {
	if p, ok := s["Principal"]; ok && !o.named(p) {
		return false
	}
	if p, ok := s["NotPrincipal"]; ok && !o.unnamed(p.(object)) {
		return false
	}
	for _, e := range []struct{ name, value, flags string }{{"Action", o.Action, "(?is)"}, {"Resource", o.Resource, "(?s)"}} {
		not := s[e.name] == nil
		list, _ := s[e.name].([]string)
		if not {
			list = s["Not"+e.name].([]string)
		}
		if slices.ContainsFunc(list, func(p string) bool { return o.like(e.flags, p, e.value, not, e.name == "Resource") }) == not {
			return false
		}
	}
	for name, keys := range s["Condition"].(object) {
		for key, values := range keys.(object) {
			if !o.holds(name, key, values) {
				return false
			}
		}
	}
	return true
}

// identities are the ways in which the caller can be listed.
func (o oracle) identities() (all [][]string) {
	p := o.Principal
	switch {
	case p.Service != "":
		return [][]string{{"Service " + p.Service}}
	case p.Federated != "":
		return [][]string{{"Federated " + p.Federated}}
	}
	all = append(all, []string{"AWS " + p.Account, "AWS arn:aws:iam::" + p.Account + ":root"})
	if strings.Contains(p.ARN, ":assumed-role/deploy/") {
		all = append(all, []string{"AWS arn:aws:iam::123456789012:role/ci/deploy", "AWS " + p.ID})
	}
	if p.ARN != "" && !strings.HasSuffix(p.ARN, ":root") {
		all = append(all, []string{"AWS " + p.ARN})
	}
	return all
}

// listed counts the ways in which the caller is listed.
func (o oracle) listed(principal object) (ways, of int) {
	for _, names := range o.identities() {
		of++
		if slices.ContainsFunc(names, func(n string) bool {
			kind, name, _ := strings.Cut(n, " ")
			list, _ := principal[kind].([]string)
			return slices.Contains(list, name)
		}) {
			ways++
		}
	}
	if list, _ := principal["AWS"].([]string); slices.Contains(list, "*") {
		return of, of
	}
	return ways, of
}

func (o oracle) canonical(principal object) bool {
	return principal["CanonicalUser"] != nil && o.Principal.Service == "" && o.Principal.Federated == ""
}

func (o oracle) named(principal any) bool {
	p, ok := principal.(object)
	if !ok {
		return true
	}
	ways, _ := o.listed(p)
	return ways > 0 || o.canonical(p) && o.deny
}

func (o oracle) unnamed(p object) bool {
	ways, of := o.listed(p)
	if o.deny {
		return ways < of
	}
	return ways == 0 && !o.canonical(p)
}

func (o oracle) values(key string) []string {
	for k, v := range o.Context {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return nil
}

var placeholder = regexp.MustCompile(`\$\{([^,}]*)(, '([^']*)')?\}|(?s:.)`)

// expression makes a regular expression of a text; it is not told when a
// variable has no value.
func (o oracle) expression(text string, wildcards, resource bool) (expr string, told bool) {
	if !o.variables {
		text = strings.ReplaceAll(text, "${", "$\x00{") // no placeholder is left
	}
	colons := 0
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		values := o.values(m[1])
		switch {
		case m[1] == "" && m[0] == ":":
			colons++
			expr += ":"
		case m[1] == "" && m[0] == "*" && wildcards:
			expr += ".*"
		case m[1] == "" && m[0] == "?" && wildcards:
			expr += "."
		case m[1] == "":
			expr += regexp.QuoteMeta(m[0])
		case strings.Contains("*?$", m[1]):
			expr += regexp.QuoteMeta(m[1])
		case resource && colons < 5:
			return "", false
		case len(values) == 1:
			expr += regexp.QuoteMeta(values[0])
		case len(values) == 0 && m[2] != "":
			expr += regexp.QuoteMeta(m[3])
		default:
			return "", false
		}
	}
	return strings.ReplaceAll(expr, "\x00", ""), true
}

func (o oracle) like(flags, pattern, s string, not, resource bool) bool {
	if !resource { // actions have no variables
		o.variables = false
	}
	expr, told := o.expression(pattern, true, resource)
	if !told {
		return o.deny != not
	}
	return regexp.MustCompile(flags + "^" + expr + "$").MatchString(s)
}

func (o oracle) holds(name, key string, want any) bool {
	got := o.values(key)
	if name == "Null" {
		return (want == "true") == (len(got) == 0)
	}
	name, ifExists := strings.CutSuffix(name, "IfExists")
	quantifier, operator, ok := strings.Cut(name, ":")
	if !ok {
		quantifier, operator = "", name
	}
	not := strings.Contains(operator, "Not")
	holds := func(v string) bool {
		matches := slices.ContainsFunc(want.([]string), func(w string) bool {
			matches, told := o.compare(strings.Replace(operator, "Not", "", 1), w, v)
			if !told {
				return o.deny != not
			}
			return matches
		})
		return matches != not
	}
	switch {
	case len(got) == 0 && quantifier == "ForAnyValue":
		return ifExists
	case len(got) == 0:
		return ifExists || not || quantifier == "ForAllValues"
	case quantifier == "ForAnyValue":
		return slices.ContainsFunc(got, holds)
	case quantifier == "" && len(got) > 1:
		return o.deny
	}
	return !slices.ContainsFunc(got, func(v string) bool { return !holds(v) })
}

func (o oracle) compare(operator, want, got string) (matches, told bool) {
	switch {
	case strings.HasPrefix(operator, "String"):
		expr, told := o.expression(want, operator == "StringLike", false)
		if !told {
			return false, false
		}
		flags := "(?s)"
		if operator == "StringEqualsIgnoreCase" {
			flags = "(?is)"
		}
		return regexp.MustCompile(flags + "^" + expr + "$").MatchString(got), true
	case strings.HasPrefix(operator, "Arn"):
		return o.compareARN(want, got)
	case strings.HasPrefix(operator, "Numeric"):
		w, _ := strconv.ParseFloat(want, 64)
		g, err := strconv.ParseFloat(got, 64)
		return inOrder(operator, g-w), err == nil
	case strings.HasPrefix(operator, "Date"):
		w, _ := seconds(want)
		g, ok := seconds(got)
		return inOrder(operator, g-w), ok
	case operator == "Bool":
		expr, told := o.expression(want, false, false)
		bools := map[string]bool{"true": true, "false": false}
		w, ok := bools[strings.ToLower(expr)]
		g, readable := bools[strings.ToLower(got)]
		return w == g, told && ok && readable
	case operator == "BinaryEquals":
		return want == got, got == "" || strings.Contains("eA== YQ== true", got) && len(got) == 4
	}
	networks := map[string][]string{"10.0.0.0/8": {"10.1.2.3"}, "10.1.2.3": {"10.1.2.3"}}
	return slices.Contains(networks[want], got), strings.HasSuffix(got, ".1.2.3")
}

func inOrder(operator string, difference float64) bool {
	return difference < 0 && strings.Contains(operator, "Less") || difference > 0 && strings.Contains(operator, "Greater") ||
		difference == 0 && strings.HasSuffix(operator, "Equals")
}

func seconds(s string) (float64, bool) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil {
			return float64(at.Unix()), true
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}

var colon = regexp.MustCompile(`\$\{[^}]*\}|(?s:.)`)

func (o oracle) compareARN(want, got string) (matches, told bool) {
	parts := strings.SplitN(got, ":", 6)
	if len(parts) != 6 {
		return false, false
	}
	if want == "*" {
		return true, true
	}
	if o.variables && regexp.MustCompile(`^\$\{[^}]{2,}\}$`).MatchString(want) {
		expr, told := o.expression(want, true, false)
		return told && regexp.MustCompile("(?s)^"+expr+"$").MatchString(got), told
	}
	patterns := []string{""}
	for _, token := range colon.FindAllString(want, -1) {
		if token == ":" && len(patterns) < 6 {
			patterns = append(patterns, "")
			continue
		}
		patterns[len(patterns)-1] += token
	}
	if len(patterns) != 6 {
		return false, false
	}
	matches, told = true, true
	for i, p := range patterns {
		expr, filled := o.expression(p, true, false)
		told = told && filled
		if filled && !regexp.MustCompile("(?s)^"+expr+"$").MatchString(parts[i]) {
			return false, true
		}
	}
	return matches, told
}
