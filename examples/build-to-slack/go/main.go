// Command bootstrap tells Slack what became of a build. Its event is a CodeBuild
// Build State Change.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

var signs = map[events.CodeBuildPhaseStatus]string{
	events.CodeBuildPhaseStatusSucceeded: ":white_check_mark:",
	events.CodeBuildPhaseStatusFailed:    ":x:",
	events.CodeBuildPhaseStatusStopped:   ":octagonal_sign:",
}

// escaped is a text in which Slack sees no links and no mentions.
var escaped = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func message(d events.CodeBuildEventDetail) string {
	build := d.BuildID[strings.LastIndex(d.BuildID, ":")+1:]
	lines := []string{fmt.Sprintf("%s Build %.8s of *%s* %s, started by %s",
		cmp.Or(signs[d.BuildStatus], ":warning:"), build, d.ProjectName, d.BuildStatus, d.AdditionalInformation.Initiator)}
	for _, phase := range d.AdditionalInformation.Phases {
		if phase.PhaseStatus != "" && phase.PhaseStatus != events.CodeBuildPhaseStatusSucceeded {
			for _, why := range phase.PhaseContext {
				lines = append(lines, fmt.Sprintf("%s: %v", phase.PhaseType, why))
			}
		}
	}
	return escaped.Replace(strings.Join(lines, "\n"))
}

func handler(ctx context.Context, e events.CodeBuildEvent) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	body, err := json.Marshal(map[string]string{"text": message(e.Detail)})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, os.Getenv("SLACK_WEBHOOK_URL"), bytes.NewReader(body))
	if err != nil {
		return errors.New("SLACK_WEBHOOK_URL is not a URL") // it is a secret, which err would tell
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the webhook cannot be reached: %w", errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		// An error of the function has the event tried again, after one minute and after two.
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // the status is error enough
		return fmt.Errorf("the webhook answered %d: %s", resp.StatusCode, said)
	}
	return nil
}

func main() { lambda.Start(handler) }
