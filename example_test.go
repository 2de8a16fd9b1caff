package dari_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/dari-bus/dari"
)

// A server inside a test. Any AWS client can be pointed at its URL; here plain
// HTTP is enough.
func Example() {
	server, err := dari.Start(dari.Options{Region: "eu-central-1"})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	req, err := http.NewRequest(http.MethodPost, server.URL(), strings.NewReader(`{
		"EventPattern": "{\"detail\": {\"status\": [\"FAILED\"]}}",
		"Event": "{\"id\": \"1\", \"account\": \"210987654321\", \"source\": \"shop\", \"time\": \"2026-09-14T09:00:00Z\", \"region\": \"eu-central-1\", \"detail-type\": \"build\", \"detail\": {\"status\": \"FAILED\"}}"
	}`))
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AWSEvents.TestEventPattern")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
	// Output: {"Result":true}
}
