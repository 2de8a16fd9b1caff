package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	soakMemory = 256 << 20 // -memory
	// soakBeside is what the process may have resident beside that: the limit of
	// the garbage collector does not count the program's text, nor the store's
	// cache and memtables, which are not Go's; and it is one that the collector
	// aims at, not one that it cannot pass.
	soakBeside = 64 << 20
	// soakHealth is within what time nine of ten health checks are answered. All
	// are within ten seconds: on a machine that is busy with something else, one or
	// the other waits for a processor, which is not the server's.
	soakHealth = 2 * time.Second
	// soakDisk is the size of the disk. What waits for targets takes most of it.
	soakDisk = 512 << 20
)

// TestASoakLosesNothing has everything happen at once, for as long as DARI_SOAK
// says: producers and consumers of two accounts, FIFO traffic and moves of
// messages; targets that hang, fail, change the protocol, never end or are
// garbage; callers who do not read, do not finish, do not sign or send what
// makes no sense. Meanwhile the disk is full now and then, and the server is
// killed or stopped. Memory, files and the answers of the health check stay
// within their bounds all the time, the server goes on after everything, and
// whatever was acknowledged has arrived in the end, or is kept as dead.
//
// There is no seed to repeat a run by: what meets what is up to the machine.
func TestASoakLosesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	needLinux(t)
	lasts := 20 * time.Second
	if text := os.Getenv("DARI_SOAK"); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("DARI_SOAK: %v", err)
		}
	}
	k := newSoak(t)
	load, endLoad := context.WithCancel(t.Context())
	defer endLoad()
	var running sync.WaitGroup
	for _, part := range k.parts() {
		running.Go(func() { part(load) })
	}
	consume, endConsuming := context.WithCancel(t.Context())
	var consuming sync.WaitGroup
	defer consuming.Wait()
	defer endConsuming()
	for _, c := range k.takers {
		consuming.Go(func() { c.run(consume) })
	}
	consuming.Go(func() { k.gauge.run(consume) })

	k.faults(lasts)
	endLoad()
	running.Wait()
	k.targets.relent()
	k.settle()
	endConsuming()
	consuming.Wait()
	k.report(lasts)
}

// A soak is the server and all that is done to it.
type soak struct {
	t    *testing.T
	s    *server
	disk *smallDisk // nil where none can be made

	putters []*soakPutter
	fifo    *soakFIFO
	moves   *soakMoves
	takers  []*soakTaker
	targets *soakTargets
	gauge   *gauge
	// all, other, dead are what came out of the queue of all events of the first
	// account, of that of the second account, and of the dead-letter queue.
	all, other, dead *soakTaker

	kills, stops, fulls int
	full                int          // how often the server ended because there was no room at all
	refused, wrong      atomic.Int64 // hostile calls that were refused, and that were not
}

// parts are what goes on until the load ends.
func (k *soak) parts() []func(context.Context) {
	parts := []func(context.Context){k.fifo.run, k.moves.run}
	for _, p := range k.putters {
		parts = append(parts, p.run)
	}
	return append(parts, k.hostile()...)
}

// settle waits until everything that was acknowledged has come out somewhere.
func (k *soak) settle() {
	if missing := poll(2*time.Minute, func() string {
		kept := k.keptDead()
		missing := map[string]int{}
		for _, p := range k.putters {
			p.each(func(id, kind string) {
				if p.account == account && !k.all.has(id) || p.account != account && !k.other.has(id) {
					missing["queue"]++
				}
				switch {
				case kind == "none":
				case kind == "forward":
					if !k.other.has(id) {
						missing["forward"]++
					}
				case !k.targets.took(kind, id) && !k.dead.has(id) && !kept[id]:
					missing[kind]++
				}
			})
		}
		missing["fifo"] = k.fifo.missing()
		missing["moves"] = k.moves.missing()
		for part, n := range missing {
			if n == 0 {
				delete(missing, part)
			}
		}
		if len(missing) > 0 {
			return fmt.Sprint(missing)
		}
		return ""
	}); missing != "" {
		k.t.Errorf("of what was acknowledged, this has not arrived: %s", missing)
	}
	if k.all.has("forged") {
		k.t.Error("an event with a wrong signature was taken")
	}
}

// keptDead returns the ids of the dead deliveries that the server keeps, or
// fewer when it does not answer.
func (k *soak) keptDead() map[string]bool {
	ids := map[string]bool{}
	for after, more := "", true; more; {
		var page struct {
			Dead []struct {
				ID    string
				Event json.RawMessage
			}
			More bool
		}
		if err := json.Unmarshal(k.gauge.page("/_dari/dead?limit=1000&after="+after), &page); err != nil {
			break
		}
		for _, d := range page.Dead {
			after = d.ID
			for id := range soakIDs(d.Event) {
				ids[id] = true
			}
		}
		more = page.More
	}
	return ids
}

func (k *soak) report(lasts time.Duration) {
	acknowledged, refused := 0, map[string]int{}
	var took []time.Duration
	for _, p := range k.putters {
		acknowledged += len(p.acknowledged)
		took = append(took, p.took...)
		for why, n := range p.refused {
			refused[why] += n
		}
	}
	took = sorted(took)
	g := k.gauge
	health := sorted(g.health)
	k.t.Logf("%v: %d kills, %d stops, %d times a full disk, which ended the server %d times", lasts, k.kills, k.stops, k.fulls, k.full)
	k.t.Logf("%d events acknowledged in %d calls, p50 %v, p99 %v; refused: %v", acknowledged, len(took), quantile(took, 0.5), quantile(took, 0.99), refused)
	k.t.Logf("%d in the first queue, %d in the second, %d dead-lettered, %d kept dead; %d FIFO messages, %d moved",
		k.all.count(), k.other.count(), k.dead.count(), len(k.keptDead()), k.fifo.sent(), k.moves.sent())
	k.t.Log(k.targets)
	k.t.Logf("%d hostile calls refused; at most %d MiB resident, %d files, %d goroutines", k.refused.Load(), g.rss>>20, g.files, g.goroutines)
	k.t.Logf("%d health checks: p50 %v, p90 %v, p99 %v, max %v", len(health), quantile(health, 0.5), quantile(health, 0.9), quantile(health, 0.99), quantile(health, 1))
	if n := k.wrong.Load(); n > 0 {
		k.t.Errorf("%d hostile calls were not refused", n)
	}
	if g.rss > soakMemory+soakBeside {
		k.t.Errorf("%d MiB were resident, want at most %d MiB", g.rss>>20, (soakMemory+soakBeside)>>20)
	}
	if g.files > soakFiles {
		k.t.Errorf("%d files were open, want at most %d", g.files, soakFiles)
	}
	if p90 := quantile(health, 0.9); p90 > soakHealth {
		k.t.Errorf("nine of ten health checks took up to %v, want at most %v", p90, soakHealth)
	}
	for _, why := range append(g.wrong, k.fifo.wrong...) {
		k.t.Error(why)
	}
}
