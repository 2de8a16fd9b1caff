package app

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkDataEvents sends messages, one a call, by one client and by 16, without and
// with a trail that wants a record of each in a log group.
func BenchmarkDataEvents(b *testing.B) {
	for _, trail := range []string{"off", "on"} {
		for _, clients := range []int{1, 16} {
			b.Run(fmt.Sprintf("trail=%s/clients=%d", trail, clients), func(b *testing.B) { sendRecorded(b, trail == "on", clients) })
		}
	}
}

func sendRecorded(b *testing.B, recorded bool, clients int) {
	opt := Defaults()
	opt.Listen, opt.Data, opt.Log = "127.0.0.1:0", b.TempDir(), slog.New(slog.DiscardHandler)
	a, err := Open(b.Context(), opt)
	if err != nil {
		b.Fatal(err)
	}
	defer a.store.Close()
	defer a.listener.Close()
	put(b, a, "AmazonSQS.CreateQueue", `{"QueueName":"q"}`)
	if recorded {
		role := func(operation string, members ...string) {
			r := httptest.NewRequest("POST", "http://localhost:4566/", strings.NewReader(form(operation, members...)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			w := httptest.NewRecorder()
			if a.front.aws.ServeHTTP(w, r); w.Code != 200 {
				b.Fatal(w.Body)
			}
		}
		role("CreateRole", "RoleName", "watcher", "AssumeRolePolicyDocument", fmt.Sprintf(trustText, "cloudtrail.amazonaws.com"))
		role("PutRolePolicy", "RoleName", "watcher", "PolicyName", "p", "PolicyDocument", mayWrite("*"))
		put(b, a, "Logs_20140328.CreateLogGroup", `{"logGroupName":"calls"}`)
		const service = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
		put(b, a, service+"CreateTrail", strings.ReplaceAll(newTrail, "111111111111", "000000000000"))
		put(b, a, service+"PutEventSelectors", `{"TrailName":"calls","AdvancedEventSelectors":[
			{"FieldSelectors":[{"Field":"eventCategory","Equals":["Data"]},{"Field":"resources.type","Equals":["AWS::SQS::Queue"]}]}]}`)
		put(b, a, service+"StartLogging", `{"Name":"calls"}`)
	}
	b.SetParallelism(clients)
	began := processorTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			put(b, a, "AmazonSQS.SendMessage", `{"QueueUrl":"http://localhost:4566/000000000000/q","MessageBody":"m"}`)
		}
	})
	b.ReportMetric(float64((processorTime(b)-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
