// Handler is a function as people write it in Go for AWS, with nothing in it that knows
// where it runs. What it does is what it is asked to.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type request struct {
	Do, Text string
	Millis   int
}

type answer struct {
	Text, Function, Version, ARN string
	// HasTime says that most of half a minute is left.
	HasTime bool
}

func handle(ctx context.Context, in request) (*answer, error) {
	fmt.Println("asked to", in.Do, in.Text)
	switch in.Do {
	case "fail":
		return nil, errors.New(in.Text)
	case "panic":
		panic(in.Text)
	case "exit":
		os.Exit(3)
	case "wait":
		select {
		case <-time.After(time.Duration(in.Millis) * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	lc, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return &answer{in.Text, lambdacontext.FunctionName, lambdacontext.FunctionVersion, lc.InvokedFunctionArn, time.Until(deadline) > 20*time.Second}, nil
}

func main() { lambda.Start(handle) }
