package app

import (
	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/room/logs"
	"github.com/dari-bus/dari/internal/room/logs/groups"
	"github.com/dari-bus/dari/internal/room/trail"
	"github.com/dari-bus/dari/internal/room/trail/trails"
)

// actForTrail returns the caller that CloudTrail is in a role for a trail.
func (r *rooms) actForTrail(trailARN, role string) (access.Caller, error) {
	service, err := access.Service(trails.Service, trailARN)
	if err != nil {
		return service, err
	}
	return r.identities.Act(service, role, "CLOUDWATCH_LOGS_DELIVERY_SESSION")
}

// trailLogs are the log groups that trails write to.
type trailLogs struct{ logs *logs.Service }

func (l trailLogs) Writes(by access.Caller, group, stream string) error {
	to, err := arn.Parse(group)
	if err != nil {
		return err
	}
	return l.logs.Writes(by, to, stream)
}

func (l trailLogs) Draft(by access.Caller, group, stream string, millis int64, texts [][]byte) (trail.Emission, error) {
	to, err := arn.Parse(group)
	if err != nil {
		return nil, err
	}
	return l.logs.Draft(groups.Line{Group: to, From: by, Stream: stream, Time: millis, Text: texts[0]}, texts[1:]...)
}
