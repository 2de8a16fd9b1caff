package trail

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCallsOfFunctionsNameTheFunctionAndTheLayer(t *testing.T) {
	const arn = "arn:aws:lambda:eu-central-1:111111111111:"
	record := func(in, out string) *Record {
		return &Record{
			EventSource: "lambda.amazonaws.com", AWSRegion: "eu-central-1", RecipientAccountID: "111111111111",
			RequestParameters: []byte(in), ResponseElements: []byte(out),
		}
	}
	for _, name := range []string{"fn", arn + "function:fn"} {
		want := []Touched{{"111111111111", "AWS::Lambda::Function", arn + "function:fn"}}
		if diff := cmp.Diff(want, record(`{"functionName":"`+name+`","invocationType":"Event"}`, `null`).touched()); diff != "" {
			t.Errorf("an invocation of %s touches: %s", name, diff)
		}
	}
	made := record(`{"functionName":"fn","runtime":"python3.12"}`, `{"functionName":"fn","functionArn":"`+arn+`function:fn"}`)
	if diff := cmp.Diff([]Resource{{"AWS::Lambda::Function", "fn"}}, made.resources()); diff != "" {
		t.Error(diff)
	}
	layer := record(`{"layerName":"l"}`, `{"layerVersionArn":"`+arn+`layer:l:1"}`)
	if diff := cmp.Diff([]Resource{{"AWS::Lambda::LayerVersion", arn + "layer:l:1"}}, layer.resources()); diff != "" {
		t.Error(diff)
	}
}

func TestCallsOfRESTAPIsNameTheAPIAndTheStage(t *testing.T) {
	want := []Resource{{"AWS::ApiGateway::RestApi", "a"}, {"AWS::ApiGateway::Stage", "prod"}}
	for _, in := range []string{
		`{"restApiId":"a","createStageInput":{"stageName":"prod"},"template":false}`, `{"restApiId":"a","createDeploymentInput":{"stageName":"prod"},"template":false}`,
		`{"restApiId":"a","stageName":"prod","template":false}`,
	} {
		r := &Record{EventSource: "apigateway.amazonaws.com", RequestParameters: []byte(in), ResponseElements: []byte("null")}
		if diff := cmp.Diff(want, r.resources()); diff != "" {
			t.Errorf("%s: %s", in, diff)
		}
	}
}
