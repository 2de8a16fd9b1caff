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
	if err := s.version(d, top); err != nil {
		return nil, err
	}
	err = s.each(top, "", readers{
		"version": func(field) error { return nil }, // it is read
		"env":     func(f field) error { return s.env(d, f) },
		"phases":  func(f field) error { return s.phases(d, f) },
		"artifacts": func(f field) (err error) {
			s.Artifacts, err = s.artifact(d, f, true)
			return err
		},
		"reports": func(f field) error { return s.reports(d, f) },
		"cache": func(f field) error {
			return s.members(d, f, "cache/", readers{"paths": d.intoList(&s.CachePaths, "Paths")})
		},
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// readers are the members of a map that are read, by their names.
type readers map[string]func(field) error

// members reads those of a map; what is not known is left out, under a name that begins
// with the path.
func (s *Spec) members(d *document, f field, path string, known readers) error {
	all, err := d.fields(f)
	if err != nil {
		return err
	}
	return s.each(all, path, known)
}

func (s *Spec) each(all fields, path string, known readers) error {
	for _, m := range all {
		read := known[m.name]
		if read == nil {
			s.leaveOut(path+m.name, m.line)
			continue
		}
		if err := read(m); err != nil {
			return err
		}
	}
	return nil
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

func (s *Spec) env(d *document, f field) error {
	elsewhere := func(f field) error {
		refs, err := d.fields(f)
		if err == nil && len(refs) > 0 {
			err = failed("%s at line %d: dari does not have it; set the variable %s in the project or when the build starts", f.name, f.line, refs[0].name)
		}
		return err
	}
	return s.members(d, f, "env/", readers{
		"shell":              func(f field) error { return s.shell(d, f) },
		"variables":          d.intoVariables(&s.Variables),
		"exported-variables": d.intoList(&s.Exported, "exported-variables"),
		"parameter-store":    elsewhere,
		"secrets-manager":    elsewhere,
		"git-credential-helper": func(f field) error {
			on, err := d.yes(f)
			if err == nil && on {
				err = failed("git-credential-helper at line %d: dari does not have it; git uses what the URL is given", f.line)
			}
			return err
		},
	})
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

func (s *Spec) phases(d *document, f field) error {
	known := readers{}
	for _, name := range phaseNames {
		known[name] = func(f field) error { return s.phase(d, f) }
	}
	err := s.members(d, f, "phases/", known)
	slices.SortFunc(s.Phases, func(a, b Phase) int { return slices.Index(phaseNames, a.Name) - slices.Index(phaseNames, b.Name) })
	return err
}

func (s *Spec) phase(d *document, f field) error {
	p := Phase{Name: f.name}
	var versions []Variable
	err := s.members(d, f, f.name+"/", readers{
		"commands":         d.intoList(&p.Commands, "Commands"),
		"finally":          d.intoList(&p.Finally, "Finally"),
		"runtime-versions": d.intoVariables(&versions),
		"on-failure": func(f field) error {
			v, err := d.text(f)
			if err == nil {
				p.OnFailure, err = parseOnFailure(v, f.line)
			}
			return err
		},
	})
	for _, v := range versions {
		p.Runtimes = append(p.Runtimes, v.Name+": "+v.Value)
	}
	s.Phases = append(s.Phases, p)
	return err
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

func (s *Spec) artifact(d *document, f field, first bool) (*Artifacts, error) {
	a := &Artifacts{Base: "."}
	known := readers{
		"files":           d.intoList(&a.Files, "Files"),
		"exclude-paths":   d.intoList(&a.Exclude, "ExcludePaths"),
		"name":            d.intoText(&a.Name),
		"base-directory":  d.intoText(&a.Base),
		"s3-prefix":       d.intoText(&a.Prefix),
		"discard-paths":   d.intoSwitch(&a.Flat),
		"enable-symlinks": d.intoSwitch(&a.Links),
	}
	if first {
		known["secondary-artifacts"] = func(f field) (err error) {
			a.Secondary, err = s.secondary(d, f)
			return err
		}
	}
	return a, s.members(d, f, f.name+"/", known)
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

func (s *Spec) reports(d *document, f field) error {
	groups, err := d.fields(f)
	if err != nil {
		return err
	}
	if len(groups) > maxReports {
		return failed("%d report groups at line %d, expected at most %d", len(groups), f.line, maxReports)
	}
	for _, g := range groups {
		r := Report{Group: g.name, Base: ".", Format: "JUNITXML"}
		var flat bool // reports are not kept, so that it makes no difference
		err := s.members(d, g, "reports/"+g.name+"/", readers{
			"files":          d.intoList(&r.Files, "Files"),
			"base-directory": d.intoText(&r.Base),
			"file-format":    d.intoText(&r.Format),
			"discard-paths":  d.intoSwitch(&flat),
		})
		if err != nil {
			return err
		}
		s.Reports = append(s.Reports, r)
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
