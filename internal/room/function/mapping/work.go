package mapping

import (
	"bytes"
	"time"

	"github.com/dari-bus/dari/internal/fault"
)

// carryOut runs the function with a batch, and deletes what it has worked on.
func (p *poller) carryOut(b *batch) {
	defer func() {
		for _, n := range b.taken {
			p.memory.Give(p.of.Account, n)
		}
	}()
	answer, failed, err := p.invoke(b)
	if err != nil || failed {
		if err != nil && p.work.Err() == nil {
			p.opt.Log.Warn("a function was not run with messages of a queue, which come back", "function", p.of.ARN(), "queue", p.row.Queue, "messages", len(b.messages), "err", err)
		}
		return
	}
	done := make([]string, 0, len(b.messages))
	if p.row.Partial {
		done = finished(answer, b.messages)
	} else {
		for i := range b.messages {
			done = append(done, b.messages[i].Receipt)
		}
	}
	if len(done) == 0 {
		return
	}
	if err := p.opt.Queues.Delete(p.work, b.found.At, b.found.Role, p.row.queue, done); err != nil {
		p.opt.Log.Warn("messages that a function has worked on are not deleted, and come back", "function", p.of.ARN(), "queue", p.row.Queue, "messages", len(done), "err", err)
	}
}

// invoke runs the function, and tries again when it does not run now.
func (p *poller) invoke(b *batch) (answer []byte, failed bool, err error) {
	payload := append([]byte(`{"Records":[`), bytes.Join(b.records, []byte(","))...)
	payload = append(payload, "]}"...)
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		answer, failed, err = p.opt.Functions.Work(p.work, p.of, payload)
		late := fault.KindOf(err) == fault.KindUnavailable || fault.KindOf(err) == fault.KindLimit
		if err == nil || !late || time.Now().Add(pause).After(b.until()) || p.work.Err() != nil {
			return answer, failed, err
		}
		sleep(p.work, pause)
	}
}
