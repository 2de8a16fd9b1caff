package build

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/event"
	"github.com/dari-bus/dari/internal/room/build/catalog"
)

// The events that tell of builds, with their members in CodeBuild's order.

type stateDetail struct {
	Status  string      `json:"build-status"`
	Project string      `json:"project-name"`
	ID      string      `json:"build-id"`
	More    information `json:"additional-information"`
	Phase   string      `json:"current-phase"`
	Context string      `json:"current-phase-context"`
	Version string      `json:"version"`
}

type phaseDetail struct {
	Phase    string      `json:"completed-phase"`
	Project  string      `json:"project-name"`
	ID       string      `json:"build-id"`
	Context  string      `json:"completed-phase-context"`
	More     information `json:"additional-information"`
	Status   string      `json:"completed-phase-status"`
	Duration int64       `json:"completed-phase-duration-seconds"`
	Version  string      `json:"version"`
	Begin    string      `json:"completed-phase-start"`
	End      string      `json:"completed-phase-end"`
}

type information struct {
	Artifact      artifactInfo       `json:"artifact"`
	Environment   environmentInfo    `json:"environment"`
	Timeout       int                `json:"timeout-in-minutes"`
	Complete      bool               `json:"build-complete"`
	Initiator     string             `json:"initiator"`
	Number        int64              `json:"build-number,omitempty"`
	Started       string             `json:"build-start-time"`
	Source        sourceInfo         `json:"source"`
	SourceVersion string             `json:"source-version,omitempty"`
	Logs          *logsInfo          `json:"logs,omitempty"`
	Phases        []phaseInfo        `json:"phases"`
	QueuedTimeout int                `json:"queued-timeout-in-minutes"`
	Exported      []catalog.Variable `json:"exported-environment-variables,omitempty"`
}

type artifactInfo struct {
	MD5      string `json:"md5sum,omitempty"`
	SHA256   string `json:"sha256sum,omitempty"`
	Location string `json:"location"`
}

type environmentInfo struct {
	Image       string             `json:"image"`
	Privileged  bool               `json:"privileged-mode"`
	Credentials string             `json:"image-pull-credentials-type"`
	ComputeType string             `json:"compute-type"`
	Type        string             `json:"type"`
	Variables   []catalog.Variable `json:"environment-variables"`
}

type sourceInfo struct {
	Buildspec string `json:"buildspec,omitempty"`
	Location  string `json:"location,omitempty"`
	Type      string `json:"type"`
}

type logsInfo struct {
	Group    string `json:"group-name"`
	Stream   string `json:"stream-name"`
	DeepLink string `json:"deep-link"`
}

type phaseInfo struct {
	Contexts *[]string `json:"phase-context,omitempty"`
	Begin    string    `json:"start-time"`
	End      string    `json:"end-time,omitempty"`
	Duration *int64    `json:"duration-in-seconds,omitempty"`
	Type     string    `json:"phase-type"`
	Status   string    `json:"phase-status,omitempty"`
}

// spelled is a time as CodeBuild spells it within events.
func spelled(millis int64) string {
	return time.UnixMilli(millis).UTC().Format("Jan 2, 2006 3:04:05 PM")
}

// seconds is how long a phase took.
func (p *Phase) seconds() int64 { return (p.End - p.Begin) / 1000 }

// context is why a phase ended so, as a text; "" when all was well.
func (p *Phase) context() string {
	if p.Code == "" {
		return ""
	}
	return p.Code + ": " + p.Message
}

func bracketed(text string) string { return "[" + text + "]" }

// maxSpec is how much of a buildspec an event shows: events are small.
const maxSpec = 16 << 10

// maxEvent is how long the detail of an event may be: a queue takes 1 MiB, the rest of the
// event included. What builds show may be longer as JSON, where a control character is six.
const maxEvent = 1<<20 - 8<<10

// An event that would be longer shows so much of the value of a variable and of why a phase
// failed, and so many variables that the build exports.
const shortValue, shortContext, shortExports = 32, 256, 500

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// shorten cuts what makes an event too long. Whatever the build, what is left fits.
func (i *information) shorten() {
	i.Exported = i.Exported[:min(len(i.Exported), shortExports)]
	for _, all := range [][]catalog.Variable{i.Environment.Variables, i.Exported} {
		for n := range all {
			all[n].Value = cut(all[n].Value, shortValue)
		}
	}
	for _, p := range i.Phases {
		if p.Contexts != nil {
			for n, text := range *p.Contexts {
				(*p.Contexts)[n] = cut(text, shortContext)
			}
		}
	}
}

func (b *Build) information(s *Service) information {
	i := information{
		Environment: environmentInfo{
			Image: b.Environment.Image, Privileged: b.Environment.PrivilegedMode, Credentials: b.Environment.ImagePullCredentialsType,
			ComputeType: b.Environment.ComputeType, Type: b.Environment.Type, Variables: append([]catalog.Variable{}, b.Environment.EnvironmentVariables...),
		},
		Timeout: *b.TimeoutInMinutes, QueuedTimeout: *b.QueuedTimeoutInMinutes, Complete: b.Over(), Initiator: b.Initiator, Started: spelled(b.Started),
		Source: sourceInfo{b.Source.Buildspec[:min(len(b.Source.Buildspec), maxSpec)], b.Source.Location, b.Source.Type}, SourceVersion: catalog.Val(b.SourceVersion),
		Phases: []phaseInfo{},
	}
	if b.Current().Type != submitted { // the first event has no number
		i.Number = b.Number
	}
	for _, u := range b.Uploads {
		if u.ID == "" {
			i.Artifact = artifactInfo{u.MD5, u.SHA256, u.Location}
		}
	}
	for _, v := range b.Exported {
		i.Exported = append(i.Exported, catalog.Variable{Name: v.Name, Value: v.Value})
	}
	if group, stream := b.logs(); stream != "" {
		i.Logs = &logsInfo{group, stream, s.link(group, stream)}
	}
	for _, p := range b.Phases {
		info := phaseInfo{Begin: spelled(p.Begin), Type: p.Type}
		if p.Status != "" {
			contexts := []string{}
			if text := p.context(); text != "" {
				contexts = append(contexts, text)
			}
			seconds := p.seconds()
			info.Contexts, info.End, info.Duration, info.Status = &contexts, spelled(p.End), &seconds, p.Status
		}
		i.Phases = append(i.Phases, info)
	}
	return i
}

// link is where the log of a build can be looked at.
func (s *Service) link(group, stream string) string {
	return s.opt.Endpoint() + "/_ui/logs" + group + "/" + stream
}

// stateChange is the event that the build has begun, or is over.
func (b *Build) stateChange(s *Service) event.Entry {
	d := stateDetail{
		Status: b.Status, Project: b.Project, ID: b.ARN(), More: b.information(s), Phase: b.Current().Type,
		Context: bracketed(b.Current().context()), Version: "1",
	}
	return b.event("CodeBuild Build State Change", &d, &d.More)
}

// phaseChange is the event that a phase has ended, which is the last but one.
func (b *Build) phaseChange(s *Service) event.Entry {
	p := &b.Phases[len(b.Phases)-2]
	d := phaseDetail{
		Phase: p.Type, Project: b.Project, ID: b.ARN(), Context: bracketed(p.context()), More: b.information(s),
		Status: p.Status, Duration: p.seconds(), Version: "1", Begin: spelled(p.Begin), End: spelled(p.End),
	}
	return b.event("CodeBuild Build Phase Change", &d, &d.More)
}

// event is an event with a detail, of which more is a part.
func (b *Build) event(detailType string, detail any, more *information) event.Entry {
	text, _ := json.Marshal(detail) // texts, numbers and lists of them always can be
	if len(text) > maxEvent {
		more.shorten()
		text, _ = json.Marshal(detail)
	}
	return event.Entry{Source: "aws.codebuild", DetailType: detailType, Detail: string(text), Resources: []string{b.ARN()}, Time: time.UnixMilli(cmp.Or(b.Ended, time.Now().UnixMilli()))}
}
