package app

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/sandbox"
	"github.com/dari-bus/dari/internal/target"
)

// A remark is something to know about a server, and what to type to change it.
type remark struct {
	says string
	// names are what it is said of, if it is of several.
	names []string
	next  string
}

// maxRemarked is how many things a remark names.
const maxRemarked = 10

func (r *remark) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n* %s\n", r.says)
	for i, name := range r.names {
		if i == maxRemarked {
			fmt.Fprintf(b, "    and %d more\n", len(r.names)-i)
			break
		}
		fmt.Fprintf(b, "    %s\n", name)
	}
	if r.next != "" {
		fmt.Fprintf(b, "  Next: %s\n", r.next)
	}
}

// Checkup says of a server that runs what [Doctor] says of a directory that is well.
func (a *App) Checkup() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Asked the server at %s, whose data are %s.\n", a.url(), a.whereItsDataAre())
	a.checkup(&b, nil)
	a.opt.sayWhereCodeRuns(&b, a.box.level(), nil, nil)
	return b.Bytes()
}

func (a *App) whereItsDataAre() string {
	if a.opt.Ephemeral {
		return "in memory, and gone with it"
	}
	return "in " + a.opt.Data
}

// checkup says what is here, who may do what, and what would surprise.
func (a *App) checkup(b *bytes.Buffer, given error) {
	fmt.Fprintf(b, "\nMemory: %d MiB at most, by -memory %s.\n", a.opt.memory.Total()>>20, a.opt.Memory)
	if a.buses != nil {
		a.sayWhatIsHere(b)
	}
	b.WriteString("\nWho may do what, with these settings\n")
	if given != nil {
		r := remark{says: "A server does not start with these settings: " + given.Error(), next: "dari serve -h"}
		r.write(b)
	} else {
		for _, r := range a.opt.remarks() {
			r.write(b)
		}
	}
	if a.buses == nil {
		return
	}
	b.WriteString("\nWhat might surprise\n")
	found := a.surprises()
	for _, r := range found {
		r.write(b)
	}
	if len(found) == 0 {
		b.WriteString("\nNothing.\n")
	}
}

// sayWhereCodeRuns says how code of others is kept apart: at which level the sandbox is, as
// far as that is known, and that functions run in containers, if they do.
func (o *Options) sayWhereCodeRuns(b *bytes.Buffer, level string, noSandbox, noEngine error) {
	if level == "" && noSandbox == nil {
		return
	}
	b.WriteString("\nHow code of others is kept apart\n")
	who := "Functions and builds"
	if o.engine() != "" && noSandbox == nil { // whose folders functions need in any case
		who = "Builds"
		r := remark{says: "Functions run in containers of " + o.FunctionsIn + "."}
		if noEngine != nil {
			r = remark{says: "Functions cannot run: " + noEngine.Error() + ".", next: "start it and let dari's user use its socket, or dari serve -functions-in process"}
		}
		r.write(b)
	}
	r := remark{says: fmt.Sprintf("%s run in a sandbox at level %s; docs/sandbox.md says what that keeps apart.", who, level)}
	switch {
	case noSandbox != nil:
		r = remark{says: who + " cannot run here: " + noSandbox.Error() + ".", next: "docs/sandbox.md, which says what they need"}
	case level != sandbox.LevelNamespaces.String():
		r.next = "dari serve -sandbox=require, which starts where there is the best level only"
	}
	r.write(b)
}

func (a *App) sayWhatIsHere(b *bytes.Buffer) {
	rules, targets := 0, 0
	for l := range a.buses.Looks() {
		rules++
		targets += len(l.Targets)
	}
	groups, _ := a.logs.Look()
	i := a.identities.Look()
	fmt.Fprintf(b, "Here are: %s with %s, %s, %s, %s, %s with %s, %s, and %s that failed for good.\n",
		count(rules, "rule", "rules"), count(targets, "target", "targets"), count(a.queues.Count(), "queue", "queues"),
		count(groups, "log group", "log groups"), count(i.Roles, "role", "roles"), count(i.Users, "user", "users"),
		count(i.Keys, "active key", "active keys"), count(i.Policies, "policy", "policies"), count(a.outbox.Dead().Count(), "delivery", "deliveries"))
	names := make([]string, 0, 8)
	for _, s := range a.services() {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	fmt.Fprintf(b, "Served are: %s.\n", strings.Join(names, ", "))
}

// count says how many there are of something.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// remarks are what the settings mean.
func (o *Options) remarks() (all []remark) {
	host, _, err := net.SplitHostPort(o.Listen)
	local := err == nil && isLoopback(host)
	who := "Whoever reaches " + o.Listen
	if local {
		who = "Every program on this machine"
	}
	switch {
	case o.keys != nil:
		all = append(all, remark{says: "Without a key nobody may do anything. Who signs with a key of the settings may do everything in its account; users and sessions of roles may do what their policies say."})
	case o.EnforceIAM:
		all = append(all, remark{says: "Only users and sessions of roles may do anything: what their policies say."})
	default:
		all = append(all, remark{
			says: who + " may do everything, in every account, without a key.",
			next: "dari serve -keys FILE, with a line ID SECRET [ACCOUNT] for each caller",
		})
	}
	if !local {
		all = append(all, remark{
			says: "There is no TLS: what is sent to " + o.Listen + " can be read on the way.",
			next: "put a proxy with TLS in front of it that leaves the Host header as it is, and -listen 127.0.0.1:4566",
		})
		if strings.HasPrefix(o.Outbound, "any") {
			all = append(all, remark{
				says: "API destinations may be any address that this machine reaches, those of your own network as well.",
				next: "dari serve -outbound public",
			})
		}
	}
	if pages := o.origins(); len(pages) > 0 {
		all = append(all, remark{
			says: "Web pages of these origins may call with the help of whoever's browser opens them.", names: pages,
			next: "dari serve without -origins, if nobody needs them",
		})
	}
	if !o.EnforcePolicies && !o.EnforceIAM {
		all = append(all, remark{
			says: "Rules reach every queue and log group of their account, also where its policy does not let them in; at AWS it must.",
			next: "dari serve without -enforce-policies=false",
		})
	}
	return all
}

// surprises are what people would not expect of what they have made.
func (a *App) surprises() []remark {
	idle, lost, foreign := a.rulesThatLeadNowhere()
	_, forever := a.logs.Look()
	all := []remark{
		{"These rules have no targets: what they match goes nowhere.", idle, "aws events put-targets --rule NAME --targets Id=1,Arn=ARN"},
		{"These targets do not exist: what is sent there fails.", lost, "make them, or aws events remove-targets"},
		{"These targets are of services that dari does not have: what is sent there fails.", foreign, "aws events remove-targets"},
		{"Anybody may assume these roles, from every account.", a.identities.Look().Anybodys, "aws iam update-assume-role-policy --role-name NAME, with a Principal that is not *"},
		{"The policies of these queues let everybody in.", a.queues.LetAnybodyIn(), "aws sqs set-queue-attributes, with a Policy whose Principal is not *, or with a Condition"},
		{"The policies of these event buses let everybody put events.", a.buses.LetAnybodyIn(), "aws events remove-permission"},
		{"These log groups keep events for ever.", forever, "aws logs put-retention-policy --log-group-name NAME --retention-in-days 30"},
	}
	for _, program := range []string{"bash", "git"} {
		if _, err := exec.LookPath(program); err != nil {
			all = append(all, remark{"These projects need " + program + ", which is not on the PATH here: their builds fail.", a.builds.Needs(program), "apt install " + program})
		}
	}
	if n := a.outbox.Dead().Count(); n > 0 {
		all = append(all, remark{"Deliveries failed for good, and no dead-letter queue took them.", []string{fmt.Sprint(n)}, "look at them at /_dari/dead of the running server, then give their targets a DeadLetterConfig"})
	}
	if n := a.trail.Lost(); n > 0 {
		all = append(all, remark{"Calls were answered that are not on record, since the start.", []string{fmt.Sprint(n)}, "look for them in the server's log, and for room on its disk"})
	}
	if n := a.trail.PushedOut(); n > 0 {
		all = append(all, remark{"Records of calls went before their 90 days, since the start, in bytes.", []string{fmt.Sprint(n)}, "dari serve -trail-bytes SIZE, which is " + a.opt.TrailBytes})
	}
	return slices.DeleteFunc(all, func(r remark) bool { return len(r.names) == 0 })
}

// rulesThatLeadNowhere returns the rules without targets, and the targets that are
// not there or that nobody here serves.
func (a *App) rulesThatLeadNowhere() (idle, lost, foreign []string) {
	sinks := a.sinks()
	for l := range a.buses.Looks() {
		if len(l.Targets) == 0 {
			idle = append(idle, l.ARN)
		}
		for _, t := range l.Targets {
			to, err := arn.Parse(t.ARN)
			line := l.ARN + " to " + t.ARN
			switch {
			case err != nil || sinks[target.Kind(to)] == nil:
				foreign = append(foreign, line)
			case !a.exists(to) || a.checkTarget(l.Place, to) != nil:
				lost = append(lost, line)
			}
		}
	}
	return idle, lost, foreign
}

// exists says whether a target is there, of the kinds that can be asked.
func (a *App) exists(to arn.ARN) bool {
	switch target.Kind(to) {
	case "sqs":
		return a.queues.Exists(to)
	case "logs":
		return a.logs.Exists(to)
	case "events/event-bus":
		return a.buses.Exists(to)
	case "codebuild":
		return a.builds.Exists(to)
	}
	return true
}
