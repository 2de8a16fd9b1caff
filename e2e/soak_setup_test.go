package e2e

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// The keys of the two accounts; the first is in the server's own.
const (
	soakKeyA, soakSecretA = "SOAKA", "secret-of-the-first"
	soakKeyB, soakSecretB = "SOAKB", "secret-of-the-second"
	soakAccountB          = "111122223333"
)

// newSoak starts the server on a small disk and makes what the load needs.
func newSoak(t *testing.T) *soak {
	k := &soak{t: t, disk: newSmallDisk(t, soakDisk), targets: newSoakTargets(t)}
	keys := keyFile(t, soakKeyA+" "+soakSecretA+" "+account, soakKeyB+" "+soakSecretB+" "+soakAccountB)
	k.s = newServer(t, "--memory", fmt.Sprint(soakMemory), "--keys", keys)
	if k.disk != nil {
		k.s.Dir = filepath.Join(k.disk.dir, "data")
	}
	k.s.start(t)
	k.gauge = &gauge{
		url: k.s.URL, signed: k.first(1),
		stranger: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
	}
	k.gauge.up(k.s.cmd.Process.Pid)
	k.furnish(k.s.sdkAs(t, keyPair(soakKeyA, soakSecretA)), k.s.sdkAs(t, keyPair(soakKeyB, soakSecretB)))
	return k
}

// first and second are clients of the two accounts.
func (k *soak) first(connections int) *lean {
	return newSigned(k.s, soakKeyA, soakSecretA, connections)
}

func (k *soak) second(connections int) *lean {
	return newSigned(k.s, soakKeyB, soakSecretB, connections)
}

// furnish makes the queues, rules and targets of both accounts.
func (k *soak) furnish(a, b *sdk) {
	// What was received and not deleted, since the server was killed, is soon back.
	short := map[string]string{"VisibilityTimeout": "5"}
	all := a.queue("all", short)
	dead := a.queue("dead", short)
	other := b.queue("other", short)
	other.arn = strings.Replace(other.arn, account, soakAccountB, 1)
	k.all = k.taker(k.first(2), all)
	k.dead = k.taker(k.first(1), dead)
	k.other = k.taker(k.second(2), other)

	a.rule("default", "all", `{"source":["soak"]}`, target("queue", all.arn))
	k.webhooks(a, dead.arn)
	k.forward(a, b, other)

	fifo := a.queue("soak.fifo", map[string]string{"FifoQueue": "true", "VisibilityTimeout": "5"})
	k.fifo = &soakFIFO{client: k.first(1), queue: fifo.url}
	k.taker(k.first(1), fifo).note = k.fifo.note

	from := a.queue("moves-from", nil)
	to := a.queue("moves-to", map[string]string{
		"VisibilityTimeout": "5", "RedrivePolicy": `{"deadLetterTargetArn":"` + from.arn + `","maxReceiveCount":"1000"}`,
	})
	k.moves = &soakMoves{client: k.first(1), queue: from.url, from: from.arn, toQueue: to.arn, to: k.taker(k.first(1), to)}

	// Answers of 2 MB for those who do not read them.
	large := a.queue("large", map[string]string{"VisibilityTimeout": "0"})
	for range 10 {
		a.send(large, strings.Repeat("l", 200_000))
	}
	kinds := []string{"none", "none", "none", "none", "none", "none", "good", "good", "forward", "forward"}
	for kind := range soakKinds {
		kinds = append(kinds, kind)
	}
	k.putters = []*soakPutter{
		{client: k.first(1), account: account, kinds: []string{"none"}},
		{client: k.first(1), account: account, kinds: kinds},
		{client: k.second(1), account: soakAccountB, kinds: []string{"none"}},
	}
	for n, p := range k.putters {
		p.name, p.acknowledged, p.refused = fmt.Sprint(n), map[string]string{}, map[string]int{}
	}
}

// taker adds a consumer of a queue.
func (k *soak) taker(client *lean, q queueRef) *soakTaker {
	c := &soakTaker{client: client, queue: q.url, seen: map[string]bool{}}
	k.takers = append(k.takers, c)
	return c
}

// webhooks makes a rule and an API destination for each kind of target.
func (k *soak) webhooks(a *sdk, dead string) {
	conn := a.connection("c", eb.ConnectionAuthorizationTypeApiKey, apiKey("k", "v"))
	for kind := range soakKinds {
		tg := target(kind, a.destination(kind, conn, k.targets.URL+"/"+kind))
		if !soakTakes[kind] {
			tg.RetryPolicy = &eb.RetryPolicy{MaximumRetryAttempts: aws.Int32(1), MaximumEventAgeInSeconds: aws.Int32(60)}
		}
		if kind != "good" && !soakKeptDead[kind] {
			tg.DeadLetterConfig = &eb.DeadLetterConfig{Arn: &dead}
		}
		if kind == "multiply" { // more than fits, unless the event is small
			tg.InputTransformer = &eb.InputTransformer{
				InputPathsMap: map[string]string{"d": "$.detail"}, InputTemplate: aws.String("[<d>" + strings.Repeat(",<d>", 1000) + "]"),
			}
		}
		a.rule("default", kind, `{"source":["soak"],"detail-type":["`+kind+`"]}`, tg)
	}
}

// forward lets the first account put events on the second one's bus, where all
// events go to a queue.
func (k *soak) forward(a, b *sdk, other queueRef) {
	ctx := k.t.Context()
	must(b.ev.PutPermission(ctx, &eventbridge.PutPermissionInput{Action: ptr("events:PutEvents"), Principal: ptr(account), StatementId: ptr("first")}))(k.t)
	must(b.ev.PutRule(ctx, &eventbridge.PutRuleInput{Name: ptr("all"), EventPattern: ptr(`{"source":["soak"]}`)}))(k.t)
	b.targets("default", "all", target("queue", other.arn))
	bus := target("bus", "arn:aws:events:"+region+":"+soakAccountB+":event-bus/default")
	bus.RoleArn = ptr("arn:aws:iam::" + account + ":role/forward")
	a.rule("default", "forward", `{"source":["soak"],"detail-type":["forward"]}`, bus)
}
