package buildspec

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Spec is what a build does.
type Spec struct {
	// Fresh is version 0.1: each command begins with the folder and the variables
	// that the build began with.
	Fresh bool
	// Shell is "sh" or "bash".
	Shell string
	// Variables are in the order of the file.
	Variables []Variable
	// Exported are the names of the variables that a build shows when it is over.
	Exported []string
	// Phases are those that the file has, in the order in which they run.
	Phases []Phase
	// Artifacts are nil when the file has none.
	Artifacts *Artifacts
	// Reports are groups of files with the results of tests.
	Reports []Report
	// CachePaths are what would be kept for the next build.
	CachePaths []string
	// LeftOut are sentences about what the file asks for and does not get.
	LeftOut []string
}

// A Variable is a name and a value.
type Variable struct{ Name, Value string }

// The names of phases in the order in which they run.
const (
	Install   = "install"
	PreBuild  = "pre_build"
	Build     = "build"
	PostBuild = "post_build"
)

var phaseNames = []string{Install, PreBuild, Build, PostBuild}

// A Phase is commands that run one after the other.
type Phase struct {
	Name     string
	Commands []string
	// Finally are commands that run after the others, also when one of these failed.
	Finally   []string
	OnFailure OnFailure
	// Runtimes are the runtime versions that it asks for, such as "python: 3.12".
	Runtimes []string
}

// An OnFailure is what is done when a phase has failed.
type OnFailure struct {
	// Abort ends the build, and Continue goes on with the next phase. Without either
	// the usual happens.
	Abort, Continue bool
	// Retries is how often the phase is tried again, while what went wrong matches.
	Retries int
	match   *regexp.Regexp
}

// Matches says whether a phase that failed for a reason is tried again.
func (o OnFailure) Matches(reason string) bool { return o.match == nil || o.match.MatchString(reason) }

// Artifacts are the files that a build leaves.
type Artifacts struct {
	Files   []string
	Exclude []string
	// Name replaces that of the project's settings, if these let it; a shell expands it.
	Name string
	// Base is where the files are looked for, within the source; it may be a pattern.
	Base string
	// Flat leaves out the folders of the files.
	Flat bool
	// Links keeps symbolic links in archives.
	Links bool
	// Prefix begins the path in S3.
	Prefix string
	// Secondary are further ones by their identifiers.
	Secondary map[string]*Artifacts
}

// A Report is files with the results of tests.
type Report struct {
	Group, Base, Format string
	Files               []string
}

// maxReports is how many groups of reports a build may have.
const maxReports = 5

// Parse reads a buildspec. Its errors are those that a build fails with.
func Parse(text []byte) (*Spec, error) {
	d, top, err := parse(text)
	if err != nil {
		return nil, err
	}
	s := &Spec{Shell: "sh"}
	for _, read := range []func(*document, fields) error{s.version, s.env, s.phases, s.artifacts, s.reports, s.cache, s.rest} {
		if err := read(d, top); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Spec) version(d *document, top fields) error {
	f, ok := top.find("version")
	if !ok {
		return failed("the buildspec has no version: it begins with version: 0.2")
	}
	v, err := d.text(f)
	if err != nil {
		return err
	}
	if v != "0.2" && v != "0.1" {
		return failed("invalid buildspec version %.40q at line %d, expected 0.2", v, f.line)
	}
	s.Fresh = v == "0.1"
	return nil
}

func (s *Spec) env(d *document, top fields) error {
	f, ok := top.find("env")
	if !ok {
		return nil
	}
	env, err := d.fields(f)
	if err != nil {
		return err
	}
	for _, m := range env {
		switch m.name {
		case "shell":
			err = s.shell(d, m)
		case "variables":
			s.Variables, err = d.variables(m)
		case "exported-variables":
			s.Exported, err = d.list(m, "exported-variables")
		case "parameter-store", "secrets-manager":
			var refs fields
			if refs, err = d.fields(m); err == nil && len(refs) > 0 {
				err = failed("%s at line %d: dari does not have it; set the variable %s in the project or when the build starts", m.name, m.line, refs[0].name)
			}
		case "git-credential-helper":
			var on bool
			if on, err = d.yes(m); err == nil && on {
				err = failed("git-credential-helper at line %d: dari does not have it; git uses what the URL is given", m.line)
			}
		default:
			s.leaveOut("env/"+m.name, m.line)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Spec) shell(d *document, f field) error {
	v, err := d.text(f)
	switch {
	case err != nil:
		return err
	case v == "bash" || v == "/bin/bash":
		s.Shell = "bash"
	case v != "sh" && v != "/bin/sh":
		return failed("unsupported shell %.40q at line %d, expected bash or /bin/sh", v, f.line)
	}
	return nil
}

func (s *Spec) phases(d *document, top fields) error {
	f, ok := top.find("phases")
	if !ok {
		return nil
	}
	all, err := d.fields(f)
	if err != nil {
		return err
	}
	for _, m := range all {
		if !slices.Contains(phaseNames, m.name) {
			s.leaveOut("phases/"+m.name, m.line)
			continue
		}
		p, err := s.phase(d, m)
		if err != nil {
			return err
		}
		s.Phases = append(s.Phases, p)
	}
	slices.SortFunc(s.Phases, func(a, b Phase) int { return slices.Index(phaseNames, a.Name) - slices.Index(phaseNames, b.Name) })
	return nil
}

func (s *Spec) phase(d *document, f field) (p Phase, err error) {
	p.Name = f.name
	all, err := d.fields(f)
	if err != nil {
		return p, err
	}
	for _, m := range all {
		switch m.name {
		case "commands":
			p.Commands, err = d.list(m, "Commands")
		case "finally":
			p.Finally, err = d.list(m, "Finally")
		case "on-failure":
			var v string
			if v, err = d.text(m); err == nil {
				p.OnFailure, err = parseOnFailure(v, m.line)
			}
		case "runtime-versions":
			var versions []Variable
			versions, err = d.variables(m)
			for _, v := range versions {
				p.Runtimes = append(p.Runtimes, v.Name+": "+v.Value)
			}
		default:
			s.leaveOut(f.name+"/"+m.name, m.line)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// usualRetries and maxRetries are how often RETRY tries again, and may.
const (
	usualRetries = 3
	maxRetries   = 100
)

// parseOnFailure reads ABORT, CONTINUE, RETRY, RETRY-n, RETRY-regex and RETRY-n-regex.
// https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html
func parseOnFailure(v string, line int) (o OnFailure, err error) {
	switch v {
	case "ABORT":
		return OnFailure{Abort: true}, nil
	case "CONTINUE":
		return OnFailure{Continue: true}, nil
	case "RETRY":
		return OnFailure{Retries: usualRetries}, nil
	}
	rest, ok := strings.CutPrefix(v, "RETRY-")
	if !ok {
		return o, failed("invalid on-failure %.80q at line %d, expected ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex or RETRY-count-regex", v, line)
	}
	o.Retries = usualRetries
	count, expr, more := strings.Cut(rest, "-")
	if n, err := strconv.Atoi(count); err == nil {
		if n < 0 || n > maxRetries {
			return o, failed("invalid on-failure %.80q at line %d: the count must be between 0 and %d", v, line, maxRetries)
		}
		if o.Retries, rest = n, expr; !more {
			return o, nil
		}
	}
	if o.match, err = regexp.Compile(rest); err != nil {
		return o, failed("invalid on-failure %.80q at line %d: %v", v, line, err)
	}
	return o, nil
}

func (s *Spec) artifacts(d *document, top fields) (err error) {
	f, ok := top.find("artifacts")
	if ok {
		s.Artifacts, err = s.artifact(d, f, true)
	}
	return err
}

func (s *Spec) artifact(d *document, f field, first bool) (*Artifacts, error) {
	all, err := d.fields(f)
	if err != nil {
		return nil, err
	}
	a := &Artifacts{Base: "."}
	for _, m := range all {
		switch m.name {
		case "files":
			a.Files, err = d.list(m, "Files")
		case "exclude-paths":
			a.Exclude, err = d.list(m, "ExcludePaths")
		case "name":
			a.Name, err = d.text(m)
		case "base-directory":
			a.Base, err = d.text(m)
		case "s3-prefix":
			a.Prefix, err = d.text(m)
		case "discard-paths":
			a.Flat, err = d.yes(m)
		case "enable-symlinks":
			a.Links, err = d.yes(m)
		case "secondary-artifacts":
			if first {
				a.Secondary, err = s.secondary(d, m)
				break
			}
			fallthrough
		default:
			s.leaveOut(f.name+"/"+m.name, m.line)
		}
		if err != nil {
			return nil, err
		}
	}
	return a, nil
}

// maxSecondary is how many secondary artifacts a build may have.
const maxSecondary = 12

func (s *Spec) secondary(d *document, f field) (map[string]*Artifacts, error) {
	all, err := d.fields(f)
	if err != nil {
		return nil, err
	}
	if len(all) > maxSecondary {
		return nil, failed("%d secondary artifacts at line %d, expected at most %d", len(all), f.line, maxSecondary)
	}
	found := make(map[string]*Artifacts, len(all))
	for _, m := range all {
		if found[m.name], err = s.artifact(d, m, false); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *Spec) reports(d *document, top fields) error {
	f, ok := top.find("reports")
	if !ok {
		return nil
	}
	groups, err := d.fields(f)
	if err != nil {
		return err
	}
	if len(groups) > maxReports {
		return failed("%d report groups at line %d, expected at most %d", len(groups), f.line, maxReports)
	}
	for _, g := range groups {
		all, err := d.fields(g)
		if err != nil {
			return err
		}
		r := Report{Group: g.name, Base: ".", Format: "JUNITXML"}
		for _, m := range all {
			switch m.name {
			case "files":
				r.Files, err = d.list(m, "Files")
			case "base-directory":
				r.Base, err = d.text(m)
			case "file-format":
				r.Format, err = d.text(m)
			case "discard-paths":
				_, err = d.yes(m)
			default:
				s.leaveOut("reports/"+g.name+"/"+m.name, m.line)
			}
			if err != nil {
				return err
			}
		}
		s.Reports = append(s.Reports, r)
	}
	return nil
}

func (s *Spec) cache(d *document, top fields) error {
	f, ok := top.find("cache")
	if !ok {
		return nil
	}
	all, err := d.fields(f)
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.name != "paths" {
			s.leaveOut("cache/"+m.name, m.line)
			continue
		}
		if s.CachePaths, err = d.list(m, "Paths"); err != nil {
			return err
		}
	}
	return nil
}

// known are the keys of a file that are read.
var known = []string{"version", "env", "phases", "artifacts", "reports", "cache"}

func (s *Spec) rest(_ *document, top fields) error {
	for _, f := range top {
		if !slices.Contains(known, f.name) {
			s.leaveOut(f.name, f.line)
		}
	}
	return nil
}

// maxLeftOut is how many sentences there are at most.
const maxLeftOut = 20

func (s *Spec) leaveOut(name string, line int) {
	if len(s.LeftOut) < maxLeftOut {
		s.LeftOut = append(s.LeftOut, "Skipping "+strconv.QuoteToASCII(clip(name, 80))+" of the buildspec at line "+strconv.Itoa(line)+": dari does not have it")
	}
}

func clip(s string, n int) string { return s[:min(n, len(s))] }
