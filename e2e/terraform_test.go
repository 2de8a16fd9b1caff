package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// providerMirror returns a directory that holds the AWS provider, so that
// nothing is downloaded.
func providerMirror(t *testing.T) string {
	t.Helper()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{
		os.Getenv("DARI_TF_MIRROR"), "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins",
		filepath.Join(home, ".terraform.d", "plugins"),
	} {
		if dir == "" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, "registry.terraform.io", "hashicorp", "aws")); err == nil {
			return dir
		}
	}
	missing(t, "the AWS provider of Terraform is nowhere: name the directory of a mirror in DARI_TF_MIRROR")
	return ""
}

// A terraform is one working directory.
type terraform struct {
	t    *testing.T
	path string
	dir  string
	env  []string
}

// newTerraform is a directory with a configuration of testdata/terraform.
func newTerraform(t *testing.T, s *server, file string) *terraform {
	t.Helper()
	dir := t.TempDir()
	config, err := os.ReadFile(filepath.Join("testdata/terraform", file))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "main.tf"), config, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return terraformIn(t, s, dir)
}

// terraformIn is a directory that has a configuration.
func terraformIn(t *testing.T, s *server, dir string) *terraform {
	t.Helper()
	path := tool(t, "terraform")
	rc := fmt.Sprintf("disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", providerMirror(t))
	config := filepath.Join(t.TempDir(), "terraformrc")
	if err := os.WriteFile(config, []byte(rc), 0o600); err != nil {
		t.Fatal(err)
	}
	env := append(plainEnv(), s.clientVars(t)...)
	env = append(env, "TF_CLI_CONFIG_FILE="+config, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1")
	return &terraform{t, path, dir, env}
}

// run runs a command and returns its output and exit status.
func (f *terraform) run(args ...string) (string, int) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.path, append([]string{args[0], "-no-color"}, args[1:]...)...)
	cmd.Dir, cmd.Env = f.dir, f.env
	began := time.Now()
	out, err := cmd.CombinedOutput()
	f.t.Logf("terraform %s: %v", strings.Join(args, " "), time.Since(began).Round(time.Second/10))
	if err == nil {
		return string(out), 0
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Exited() {
		return string(out), exit.ExitCode()
	}
	f.t.Fatalf("terraform %s: %v\n%s", args[0], err, out)
	return "", 0
}

func (f *terraform) do(args ...string) {
	f.t.Helper()
	if out, status := f.run(args...); status != 0 {
		f.t.Fatalf("terraform %s ended with %d:\n%s", strings.Join(args, " "), status, out)
	}
}

// unchanged demands that a plan has nothing to do.
func (f *terraform) unchanged(vars ...string) {
	f.t.Helper()
	out, status := f.run(append([]string{"plan", "-detailed-exitcode"}, vars...)...)
	if status != 0 {
		f.t.Errorf("a plan right after the apply wants changes (status %d):\n%s", status, out)
	}
}

func TestTerraformAppliesPlansChangesAndDestroys(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.sdk(t)
	tokens := receive(t, func(_ int, _ call, w http.ResponseWriter) {
		fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":3600}`)
	})
	tf := newTerraform(t, s, "main.tf")
	url := "-var=token_url=" + tokens.URL + "/token"

	tf.do("init")
	tf.do("apply", "-auto-approve", url)
	tf.unchanged(url)
	pattern := func() string {
		return aws.ToString(must(c.ev.DescribeRule(t.Context(), &eventbridge.DescribeRuleInput{Name: ptr("big-orders"), EventBusName: ptr("orders")}))(t).EventPattern)
	}
	if got := pattern(); !strings.Contains(got, `100`) {
		t.Errorf("the pattern is %s", got)
	}

	// The thing works, not only its description.
	out := must(c.sq.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: ptr("orders")}))(t)
	q := queueRef{*out.QueueUrl, queueARN("orders")}
	ids := c.put(entry("orders", "shop", "Order", `{"total":100,"customer":"c"}`), entry("orders", "shop", "Order", `{"total":101,"customer":"c"}`))
	if diff := diffJSON(t, fmt.Appendf(nil, `{"order":"%s","total":101}`, ids[1]), []byte(*c.one(q).Body)); diff != "" {
		t.Errorf("the queue received:\n%s", diff)
	}

	tf.do("apply", "-auto-approve", url, "-var=total=500")
	tf.unchanged(url, "-var=total=500")
	if got := pattern(); !strings.Contains(got, `500`) {
		t.Errorf("after the change the pattern is %s", got)
	}
	tf.do("destroy", "-auto-approve", url)
	nothingIsLeft(t, c)
}

// What people build of roles, users and policies.
func TestTerraformKeepsIdentities(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tf := newTerraform(t, s, "identity.tf")
	tf.do("init")
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	tf.do("apply", "-auto-approve", "-var=action=sqs:ReceiveMessage", "-var=user=colleague")
	tf.unchanged("-var=action=sqs:ReceiveMessage", "-var=user=colleague")
	tf.do("destroy", "-auto-approve")
}

// What people build around projects: what Terraform has made really builds.
func TestTerraformKeepsProjects(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, builds := s.sdk(t), s.codebuild()
	tf := newTerraform(t, s, "build.tf")
	tf.do("init")
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	c.put(entry("default", "shop", "Push", `{}`))
	if b := builds.over(t, builds.latest(t, "small")); b.BuildStatus != "SUCCEEDED" || aws.ToString(b.Initiator) != "rule/push" {
		t.Errorf("the build is %s", toJSON(b))
	}
	change := []string{"-var=stage=live", "-var=minutes=30"}
	tf.do(append([]string{"apply", "-auto-approve"}, change...)...)
	tf.unchanged(change...)
	shop := builds.projects(t, "web-shop")[0]
	if got := *shop.Environment.EnvironmentVariables[0].Value; got != "live" || *shop.TimeoutInMinutes != 30 {
		t.Errorf("after the change the project is %s", toJSON(shop))
	}
	tf.do("destroy", "-auto-approve")
	if left := builds.projects(t, "web-shop", "small"); len(left) > 0 {
		t.Errorf("projects are left: %s", toJSON(left))
	}
}

// What people build of REST APIs.
func TestTerraformKeepsRESTAPIs(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tf := newTerraform(t, s, "restapis.tf")
	tf.do("init")
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	change := []string{"-var=level=INFO", "-var=greeting=servus"}
	tf.do(append([]string{"apply", "-auto-approve"}, change...)...)
	tf.unchanged(change...)
	tf.do("destroy", "-auto-approve")
}

// What people build around a function, which really runs.
func TestTerraformRunsFunctions(t *testing.T) {
	t.Parallel()
	tool(t, "python3")
	s := serve(t)
	c := s.sdk(t)
	tf := newTerraform(t, s, "functions.tf")
	const app = "import os, words\ndef handler(event, context):\n" +
		"    return {'said': os.environ.get('GREETING', 'nothing') + words.mark, 'version': context.function_version}\n"
	for name, zip := range map[string][]byte{
		"layer.zip": zipped(t, "python/words.py", "mark = '.'\n"),
		"one.zip":   zipped(t, "app.py", app),
		"two.zip":   zipped(t, "app.py", strings.Replace(app, "words.mark", "'!'", 1)),
	} {
		if err := os.WriteFile(filepath.Join(tf.dir, name), zip, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tf.do("init")
	tf.do("apply", "-auto-approve")
	tf.unchanged()
	f := s.functions(t)
	f.says("greeter", "live", `{}`, `{"said":"hello.","version":"1"}`)
	ready := func(n int32) {
		t.Helper()
		got := must(f.GetProvisionedConcurrencyConfig(t.Context(), &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("greeter"), Qualifier: aws.String("live")}))(t)
		if *got.RequestedProvisionedConcurrentExecutions != n || *got.AllocatedProvisionedConcurrentExecutions != n || got.Status != types.ProvisionedConcurrencyStatusEnumReady {
			t.Errorf("kept ready: %s; want %d", toJSON(got), n)
		}
	}
	ready(1)
	c.put(entry("default", "door", "Guest", `{}`))
	told := queueRef{s.URL + "/" + account + "/told", queueARN("told")}
	if body := *c.one(told).Body; !strings.Contains(body, `"condition":"Success"`) || !strings.Contains(body, `"responsePayload":{"said":"hello.","version":"1"}`) {
		t.Errorf("the destination was told %s", body)
	}

	change := []string{"-var=code=two.zip", "-var=greeting=servus", "-var=ready=2", `-var=weight={"2"=1}`}
	tf.do(append([]string{"apply", "-auto-approve"}, change...)...)
	tf.unchanged(change...)
	f.says("greeter", "live", `{}`, `{"said":"servus!","version":"2"}`)
	f.says("greeter", "1", `{}`, `{"said":"hello.","version":"1"}`)
	ready(2)
	tf.do(append([]string{"apply", "-auto-approve"}, change[:3]...)...)
	tf.unchanged(change[:3]...)
	f.says("greeter", "live", `{}`, `{"said":"hello.","version":"1"}`)
	tf.do("destroy", "-auto-approve")
	nothingIsLeft(t, c)
}

// nothingIsLeft demands that a server is as it was in the beginning.
func nothingIsLeft(t *testing.T, c *sdk) {
	t.Helper()
	ctx := t.Context()
	buses := must(c.ev.ListEventBuses(ctx, &eventbridge.ListEventBusesInput{}))(t).EventBuses
	if len(buses) != 1 || aws.ToString(buses[0].Name) != "default" || buses[0].Policy != nil {
		t.Errorf("buses are left: %s", toJSON(buses))
	}
	trails := cloudtrail.New(cloudtrail.Options{
		Region: region, BaseEndpoint: &c.server.URL, Credentials: keyPair("test", "test"), HTTPClient: httpClient, Retryer: aws.NopRetryer{},
	})
	functions := c.server.functions(t)
	ids, _ := c.server.identities(keyPair("test", "test"))
	for what, left := range map[string]any{
		"functions":        must(functions.ListFunctions(ctx, &lambda.ListFunctionsInput{}))(t).Functions,
		"layers":           must(functions.ListLayers(ctx, &lambda.ListLayersInput{}))(t).Layers,
		"roles":            must(ids.ListRoles(ctx, &iam.ListRolesInput{}))(t).Roles,
		"rules":            must(c.ev.ListRules(ctx, &eventbridge.ListRulesInput{}))(t).Rules,
		"connections":      must(c.ev.ListConnections(ctx, &eventbridge.ListConnectionsInput{}))(t).Connections,
		"API destinations": must(c.ev.ListApiDestinations(ctx, &eventbridge.ListApiDestinationsInput{}))(t).ApiDestinations,
		"trails":           must(trails.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{}))(t).TrailList,
		"queues":           must(c.sq.ListQueues(ctx, &sqs.ListQueuesInput{}))(t).QueueUrls,
	} {
		if text := toJSON(left); text != "[]" && text != "null" {
			t.Errorf("%s are left: %s", what, text)
		}
	}
}
