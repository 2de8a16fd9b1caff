package cli

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/event"
)

//go:embed demo_build.json
var buildDetail string

// buildEvent is a Build State Change as CodeBuild sends it.
func buildEvent(project, status string) event.Entry {
	build := "arn:aws:codebuild:us-east-1:000000000000:build/" + project + ":0b9d8c2e-66a4-4f0c-8f62-3a3f1a7b5c44"
	complete, phase := status != "IN_PROGRESS", "COMPLETED"
	if !complete {
		phase = "SUBMITTED"
	}
	detail := strings.NewReplacer(
		"{STATUS}", status, "{PROJECT}", project, "{BUILD}", build, "{PHASE}", phase,
		"{COMPLETE}", strconv.FormatBool(complete), "{START}", time.Now().UTC().Format("Jan 2, 2006 3:04:05 PM"),
	)
	return event.Entry{
		Source: "aws.codebuild", DetailType: "CodeBuild Build State Change",
		Detail: detail.Replace(buildDetail), Resources: []string{build},
	}
}
