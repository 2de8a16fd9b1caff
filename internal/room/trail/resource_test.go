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
