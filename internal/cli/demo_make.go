package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path"

	example "github.com/dari-bus/dari/examples/build-to-slack"
)

const (
	demoPattern = `{"source":["aws.codebuild"],"detail-type":["CodeBuild Build State Change"],"detail":{"build-status":["SUCCEEDED","FAILED","STOPPED"],"project-name":["web-shop"]}}`
	// mayLog is what a service role of CodeBuild needs at least: the log is written with it.
	mayLog = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`
)

// make makes everything as a client would: the project, the function, and the rule
// that leads from one to the other.
func (d *demoRun) make(ctx context.Context) error {
	if err := d.makeProject(ctx); err != nil {
		return err
	}
	if err := d.makeFunction(ctx); err != nil {
		return err
	}
	return d.makeRule(ctx)
}

func (d *demoRun) makeProject(ctx context.Context) error {
	role, err := d.makeRole(ctx, "web-shop-builds", "codebuild.amazonaws.com", mayLog)
	if err != nil {
		return err
	}
	err = d.codebuild(ctx, "CreateProject", map[string]any{
		"name": "web-shop", "serviceRole": role,
		"source":      map[string]any{"type": "S3", "location": d.source},
		"artifacts":   map[string]any{"type": "NO_ARTIFACTS"},
		"environment": map[string]any{"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0", "computeType": "BUILD_GENERAL1_SMALL"},
	}, nil)
	if err == nil {
		d.say("  project   web-shop: builds the repository by its buildspec.yml")
	}
	return err
}

func (d *demoRun) makeFunction(ctx context.Context) error {
	role, err := d.makeRole(ctx, "build-to-slack", "lambda.amazonaws.com", "")
	if err != nil {
		return err
	}
	code, err := d.language.zip()
	if err != nil {
		return err
	}
	var made struct{ FunctionArn string }
	err = d.client.rest(ctx, "lambda", "/2015-03-31/functions", map[string]any{
		"FunctionName": "build-to-slack", "Runtime": d.language.runtime, "Handler": "slack.handler", "Role": role, "Timeout": 10,
		"Code":        map[string]any{"ZipFile": code},
		"Environment": map[string]any{"Variables": map[string]string{"SLACK_WEBHOOK_URL": d.webhook}},
	}, &made)
	if err != nil {
		return err
	}
	d.function = made.FunctionArn
	d.say("  function  build-to-slack: %s, run by %s", d.language.file, d.language.program)
	return nil
}

// zip is the function's code.
func (l language) zip() ([]byte, error) {
	text, err := example.Files.ReadFile(l.file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(path.Base(l.file))
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

func (d *demoRun) makeRule(ctx context.Context) error {
	var rule struct{ RuleArn string }
	if err := d.client.events(ctx, "PutRule", map[string]any{"Name": "build-to-slack", "EventPattern": demoPattern}, &rule); err != nil {
		return err
	}
	err := d.client.rest(ctx, "lambda", "/2015-03-31/functions/build-to-slack/policy", map[string]any{
		"StatementId": "rule", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com", "SourceArn": rule.RuleArn,
	}, nil)
	if err != nil {
		return err
	}
	var put struct {
		FailedEntries []struct{ ErrorCode, ErrorMessage string }
	}
	err = d.client.events(ctx, "PutTargets", map[string]any{
		"Rule": "build-to-slack", "Targets": []any{map[string]any{"Id": "function", "Arn": d.function}},
	}, &put)
	if err != nil {
		return err
	}
	if len(put.FailedEntries) > 0 {
		return fmt.Errorf("the target of the rule: %s: %s", put.FailedEntries[0].ErrorCode, put.FailedEntries[0].ErrorMessage)
	}
	d.say("  rule      build-to-slack: may invoke the function")
	d.say("    when    %s", demoPattern)
	return nil
}

// makeRole makes a role for a service and returns its ARN.
func (d *demoRun) makeRole(ctx context.Context, name, service, policy string) (string, error) {
	trust, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{
		map[string]any{"Effect": "Allow", "Principal": map[string]string{"Service": service}, "Action": "sts:AssumeRole"},
	}})
	if err != nil {
		return "", err
	}
	var made struct {
		Arn string `xml:"CreateRoleResult>Role>Arn"`
	}
	err = d.client.iam(ctx, url.Values{"Action": {"CreateRole"}, "RoleName": {name}, "AssumeRolePolicyDocument": {string(trust)}}, &made)
	if err != nil || policy == "" {
		return made.Arn, err
	}
	return made.Arn, d.client.iam(ctx, url.Values{"Action": {"PutRolePolicy"}, "RoleName": {name}, "PolicyName": {"log"}, "PolicyDocument": {policy}}, nil)
}
