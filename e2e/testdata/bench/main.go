// Command bench is a function that does next to nothing: it answers with what it was
// sent, and tells whoever REPORT names that it has been, which is how a benchmark learns
// when an event has arrived.
package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
)

func main() {
	invocation := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/invocation/"
	for {
		next, err := http.Get(invocation + "next")
		if err != nil {
			panic(err)
		}
		event, err := io.ReadAll(next.Body)
		if err != nil {
			panic(err)
		}
		next.Body.Close()
		if to := os.Getenv("REPORT"); to != "" {
			post(to, event)
		}
		post(invocation+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", event)
	}
}

func post(url string, body []byte) {
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body) // the connection is used again if it ends well
	resp.Body.Close()
}
