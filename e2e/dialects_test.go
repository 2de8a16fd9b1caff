package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwltypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

// A dialect that no room of dari speaks yet is judged here all the same: by
// boto3, with some operations of the services that speak it.
func TestBoto3ReadsEveryDialect(t *testing.T) {
	t.Parallel()
	python := tool(t, "python3")
	if out, err := exec.Command(python, "-c", "import boto3").CombinedOutput(); err != nil {
		missing(t, "boto3 is not installed: %s", out)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/dialects.py", dialects(t))
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=eu-central-1")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "ok\n") {
		t.Errorf("%v\n%s", err, out)
	}
}

// dialects serves the services below and returns where.
func dialects(t *testing.T) (url string) {
	t.Helper()
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{objects(), functions(), metrics(), tails()}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheSDKReadsEveryDialect(t *testing.T) {
	t.Parallel()
	url := dialects(t)
	here := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		// Some operations put a prefix before the host.
		return new(net.Dialer).DialContext(ctx, network, strings.TrimPrefix(url, "http://"))
	}}
	t.Cleanup(here.CloseIdleConnections)
	cfg := aws.Config{
		Region: "eu-central-1", BaseEndpoint: &url, HTTPClient: &http.Client{Transport: inOnePiece{here}},
		Credentials: keyPair("test", "test"), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	}
	t.Run("CBOR", func(t *testing.T) {
		t.Parallel()
		judgeMetrics(t, cloudwatch.NewFromConfig(cfg))
	})
	t.Run("REST", func(t *testing.T) {
		t.Parallel()
		judgeFunctions(t, lambda.NewFromConfig(cfg))
	})
	t.Run("events", func(t *testing.T) {
		t.Parallel()
		judgeTail(t, cloudwatchlogs.NewFromConfig(cfg))
	})
}

func judgeMetrics(t *testing.T, c *cloudwatch.Client) {
	at := time.UnixMilli(1700000000250).UTC()
	out, err := c.GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: &at, EndTime: &at, MetricDataQueries: []cwtypes.MetricDataQuery{{Id: aws.String("m1")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []cwtypes.MetricDataResult{{
		Id: aws.String("m1"), Timestamps: []time.Time{at.Add(250 * time.Millisecond), at}, Values: []float64{1.5, -2, 1e300},
	}}
	if diff := cmp.Diff(want, out.MetricDataResults, cmpopts.IgnoreUnexported(cwtypes.MetricDataResult{})); diff != "" {
		t.Error(diff)
	}
	second := at.Truncate(time.Second)
	if _, err := c.PutMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("n"), MetricData: []cwtypes.MetricDatum{{
		MetricName: aws.String("m"), Value: aws.Float64(3.25), Timestamp: &second,
		Dimensions: []cwtypes.Dimension{{Name: aws.String("host"), Value: aws.String("a")}},
	}}}); err != nil {
		t.Error(err)
	}
	_, err = c.DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"x"}})
	judgeError(t, err, "ResourceNotFoundException", "no such alarm")
}

func judgeFunctions(t *testing.T, c *lambda.Client) {
	out, err := c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-central-1:1:function:f"), Qualifier: aws.String("live"), Payload: []byte(`{"n":1}`)})
	if err != nil {
		t.Fatal(err)
	}
	if string(out.Payload) != `{"n":1}` || out.StatusCode != 200 || *out.FunctionError != "live" || *out.ExecutedVersion != "$LATEST" {
		t.Errorf("got %+v", out)
	}
	_, err = c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("missing")})
	if _, ok := errors.AsType[*lambdatypes.ResourceNotFoundException](err); !ok {
		t.Errorf("got %v", err)
	}
	_, err = c.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("busy")})
	if e, ok := errors.AsType[*lambdatypes.TooManyRequestsException](err); !ok || *e.RetryAfterSeconds != "7" || e.Reason != lambdatypes.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded || e.ErrorMessage() != "Rate Exceeded." {
		t.Errorf("got %v", err)
	}
	stream, err := c.InvokeWithResponseStream(t.Context(), &lambda.InvokeWithResponseStreamInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for event := range stream.GetStream().Events() {
		switch e := event.(type) {
		case *lambdatypes.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
			got = append(got, string(e.Value.Payload))
		case *lambdatypes.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
			got = append(got, "error: "+*e.Value.ErrorCode)
		}
	}
	if diff := cmp.Diff([]string{"one", "two", "error: none"}, got); diff != "" || stream.GetStream().Err() != nil || *stream.ExecutedVersion != "f" {
		t.Errorf("%v, %s", stream.GetStream().Err(), diff)
	}
}

func judgeTail(t *testing.T, c *cloudwatchlogs.Client) {
	out, err := c.StartLiveTail(t.Context(), &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: []string{"arn:g"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for event := range out.GetStream().Events() {
		switch e := event.(type) {
		case *cwltypes.StartLiveTailResponseStreamMemberSessionStart:
			got = append(got, e.Value.LogGroupIdentifiers...)
		case *cwltypes.StartLiveTailResponseStreamMemberSessionUpdate:
			got = append(got, *e.Value.SessionResults[0].Message)
		}
	}
	if diff := cmp.Diff([]string{"arn:g", strings.Repeat("é", 100_000)}, got); diff != "" {
		t.Error(diff)
	}
	judgeError(t, out.GetStream().Err(), "SessionTimeoutException", "three hours are over")
}

func judgeError(t *testing.T, err error, code, message string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != code || e.ErrorMessage() != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

// objects is MediaStore's data API: a greedy label, streams both ways.
func objects() *wire.Service {
	var mu sync.Mutex
	kept := map[string][]byte{}
	return &wire.Service{
		Name: "mediastore", Title: "MediaStore", Protocols: []wire.Protocol{wire.RestJSON},
		Operations: []wire.Operation{
			wire.Op("PutObject", func(_ context.Context, in *putObject) (*putObjectResult, error) {
				body, err := io.ReadAll(in.Body)
				if err != nil {
					return nil, err
				}
				mu.Lock()
				defer mu.Unlock()
				kept[*in.Path] = body
				return &putObjectResult{ETag: fmt.Sprintf("%d bytes of %s", len(body), *in.ContentType), StorageClass: *in.StorageClass}, nil
			}).At("PUT /{Path+}", 200).Takes(64 << 20),
			wire.Op("GetObject", func(_ context.Context, in *getObject) (*gotObject, error) {
				mu.Lock()
				body, ok := kept[*in.Path]
				mu.Unlock()
				if !ok {
					return nil, &wire.Error{Code: "ObjectNotFoundException", Kind: fault.KindNotFound, Message: "There is no object " + *in.Path}
				}
				return &gotObject{
					LastModified: wire.At(time.Unix(1700000000, 0)), ContentLength: len(body), StatusCode: 206,
					Body: func(_ context.Context, w io.Writer) error {
						_, err := io.Copy(w, bytes.NewReader(body))
						return err
					},
				}, nil
			}).At("GET /{Path+}", 200),
			wire.Op("ListItems", func(_ context.Context, in *listItems) (*listedItems, error) {
				return &listedItems{Items: []item{{Name: *in.Path, LastModified: wire.At(time.Unix(1700000000, 250e6)), ContentLength: *in.MaxResults}}}, nil
			}).At("GET /", 200),
		},
	}
}

type putObject struct {
	Path         *string   `rest:"label"`
	ContentType  *string   `rest:"header=Content-Type"`
	StorageClass *string   `rest:"header=x-amz-storage-class"`
	Body         io.Reader `rest:"payload"`
}

type putObjectResult struct{ ETag, StorageClass string }

type getObject struct {
	Path *string `rest:"label"`
}

type gotObject struct {
	LastModified  wire.Time   `rest:"header=Last-Modified"`
	ContentLength int         `rest:"header=Content-Length"`
	StatusCode    int         `rest:"status"`
	Body          wire.Stream `rest:"payload"`
}

type listItems struct {
	Path       *string `rest:"query"`
	MaxResults *int    `rest:"query"`
}

type listedItems struct{ Items []item }

type item struct {
	Name          string
	LastModified  wire.Time
	ContentLength int
}

// functions is Lambda: a payload that is bytes, an event stream, errors with
// members.
func functions() *wire.Service {
	return &wire.Service{
		Name: "lambda", Title: "AWS Lambda", Protocols: []wire.Protocol{wire.RestJSON},
		ErrorMembers: []any{tooManyRequests{}},
		Operations: []wire.Operation{
			wire.Op("Invoke", func(_ context.Context, in *invoke) (*invoked, error) {
				switch *in.FunctionName {
				case "missing":
					return nil, fault.NotFound("Function not found")
				case "busy":
					return nil, &wire.Error{
						Code: "TooManyRequestsException", Kind: fault.KindUnavailable, Message: "Rate Exceeded.",
						Members: &tooManyRequests{RetryAfter: "7", Reason: "ReservedFunctionConcurrentInvocationLimitExceeded", Type: "User"},
					}
				}
				return &invoked{StatusCode: 200, FunctionError: in.Qualifier, ExecutedVersion: "$LATEST", Payload: in.Payload}, nil
			}).At("POST /2015-03-31/functions/{FunctionName}/invocations", 200).Takes(6 << 20),
			wire.Op("InvokeWithResponseStream", func(_ context.Context, in *invoke) (*streamed, error) {
				return &streamed{ExecutedVersion: *in.FunctionName, EventStream: func(_ context.Context, send func(*responseEvent) error) error {
					for _, part := range []string{"one", "two"} {
						if err := send(&responseEvent{PayloadChunk: &payloadChunk{Payload: []byte(part)}}); err != nil {
							return err
						}
					}
					return send(&responseEvent{InvokeComplete: &invokeComplete{ErrorCode: "none"}})
				}}, nil
			}).At("POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations", 200),
		},
	}
}

type invoke struct {
	FunctionName *string `rest:"label"`
	Qualifier    *string `rest:"query"`
	Payload      []byte  `rest:"payload"`
}

type invoked struct {
	StatusCode      int     `rest:"status"`
	FunctionError   *string `rest:"header=X-Amz-Function-Error"`
	ExecutedVersion string  `rest:"header=X-Amz-Executed-Version"`
	Payload         []byte  `rest:"payload"`
}

type tooManyRequests struct {
	RetryAfter   string `json:"retryAfterSeconds" rest:"header=Retry-After"`
	Reason, Type string
}

type streamed struct {
	ExecutedVersion string                     `rest:"header=X-Amz-Executed-Version"`
	EventStream     wire.Events[responseEvent] `rest:"payload"`
}

type responseEvent struct {
	PayloadChunk   *payloadChunk
	InvokeComplete *invokeComplete
}

type payloadChunk struct {
	Payload []byte `rest:"payload"`
}

type invokeComplete struct{ ErrorCode string }

// metrics is CloudWatch over CBOR.
func metrics() *wire.Service {
	return &wire.Service{
		Name: "monitoring", Title: "Amazon CloudWatch", Target: "GraniteServiceVersion20100801", Protocols: []wire.Protocol{wire.CBOR, wire.JSON10},
		ErrorNamespace: "com.amazonaws.cloudwatch",
		Limits:         wire.Limits{"getMetricData.MetricDataQueries": {Required: true}},
		Operations: []wire.Operation{
			wire.Op("GetMetricData", func(_ context.Context, in *getMetricData) (*gotMetricData, error) {
				out := &gotMetricData{}
				for _, q := range in.MetricDataQueries {
					out.MetricDataResults = append(out.MetricDataResults, metricResult{
						Id: *q.Id, Timestamps: []wire.Time{wire.At(in.StartTime.Add(250 * time.Millisecond)), *in.EndTime}, Values: []float64{1.5, -2, 1e300},
					})
				}
				return out, nil
			}),
			wire.Op("PutMetricData", func(_ context.Context, in *putMetricData) (*wire.None, error) {
				if d := in.MetricData[0]; *d.Value != 3.25 || d.Dimensions[0]["Name"] != "host" || d.Timestamp.Unix() != 1700000000 {
					return nil, fmt.Errorf("got %+v", d)
				}
				return nil, nil
			}),
			wire.Op("DeleteAlarms", func(context.Context, *struct{ AlarmNames []string }) (*wire.None, error) {
				return nil, fault.NotFound("no such alarm")
			}),
		},
	}
}

type getMetricData struct {
	MetricDataQueries  []metricQuery
	StartTime, EndTime *wire.Time
}

type metricQuery struct{ Id *string }

type gotMetricData struct{ MetricDataResults []metricResult }

type metricResult struct {
	Id         string
	Timestamps []wire.Time
	Values     []float64
}

type putMetricData struct {
	Namespace  *string
	MetricData []metricDatum
}

type metricDatum struct {
	MetricName *string
	Value      *float64
	Timestamp  *wire.Time
	Dimensions []map[string]string
}

// tails is CloudWatch Logs: events over awsJson1_1.
func tails() *wire.Service {
	return &wire.Service{
		Name: "logs", Title: "Amazon CloudWatch Logs", Target: "Logs_20140328", Protocols: []wire.Protocol{wire.JSON11},
		Operations: []wire.Operation{
			wire.Op("StartLiveTail", func(_ context.Context, in *startLiveTail) (*liveTail, error) {
				return &liveTail{ResponseStream: func(_ context.Context, send func(*tailEvent) error) error {
					err := send(&tailEvent{SessionStart: &sessionStart{LogGroupIdentifiers: in.LogGroupIdentifiers}})
					line := logEvent{Message: strings.Repeat("é", 100_000), Timestamp: 1700000000250}
					err = errors.Join(err, send(&tailEvent{SessionUpdate: &sessionUpdate{SessionResults: []logEvent{line}}}))
					if err != nil {
						return err
					}
					return &wire.Error{Code: "SessionTimeoutException", Message: "three hours are over"}
				}}, nil
			}),
		},
	}
}

type startLiveTail struct {
	LogGroupIdentifiers []string `json:"logGroupIdentifiers"`
}

type liveTail struct {
	ResponseStream wire.Events[tailEvent] `json:"responseStream"`
}

type tailEvent struct {
	SessionStart  *sessionStart  `json:"sessionStart"`
	SessionUpdate *sessionUpdate `json:"sessionUpdate"`
}

type sessionStart struct {
	LogGroupIdentifiers []string `json:"logGroupIdentifiers"`
}

type sessionUpdate struct {
	SessionResults []logEvent `json:"sessionResults"`
}

type logEvent struct {
	Message   string `json:"message"`
	Timestamp int64  `json:"timestamp"`
}
