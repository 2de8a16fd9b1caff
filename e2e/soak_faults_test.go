package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// faults breaks things, one at a time, until the time is over.
func (k *soak) faults(lasts time.Duration) {
	began := time.Now()
	each := min(lasts/8, 20*time.Second)
	list := []func(hold time.Duration){k.fullDisk, k.kill, k.killOnAFullDisk, k.stop}
	pace := time.NewTimer(0)
	defer pace.Stop()
	for n := 0; time.Since(began) < lasts-each; n++ {
		pace.Reset(each/2 + rand.N(each/2))
		<-pace.C
		list[n%len(list)](each / 2)
		k.goesOn()
	}
	pace.Reset(max(lasts-time.Since(began), 0))
	<-pace.C
}

func (k *soak) kill(time.Duration) {
	k.kills++
	k.gauge.down()
	k.s.kill(k.t)
	k.s.start(k.t)
	k.gauge.up(k.s.cmd.Process.Pid)
}

func (k *soak) stop(time.Duration) {
	k.stops++
	k.gauge.down()
	began := time.Now()
	k.s.stop(k.t)
	// Calls have ten seconds to end, and what is under way to targets as long.
	if took := time.Since(began); took > 25*time.Second {
		k.t.Errorf("stopping took %v", took)
	}
	k.s.start(k.t)
	k.gauge.up(k.s.cmd.Process.Pid)
}

func (k *soak) fullDisk(hold time.Duration) {
	if k.disk == nil {
		return
	}
	k.fulls++
	k.disk.fill(hold)
	k.disk.empty(k.t)
}

// killOnAFullDisk kills a server that has no room, and has it come back without.
func (k *soak) killOnAFullDisk(hold time.Duration) {
	if k.disk == nil {
		return
	}
	k.fulls++
	k.kills++
	k.disk.fill(hold)
	if k.gauge.unanswered() { // it has given up by itself
		eventually(k.t, 30*time.Second, func() string {
			if !k.ended() {
				return "a server that does not answer any more ends"
			}
			return ""
		})
		k.full++
		k.gauge.excuse()
	}
	k.gauge.down()
	k.s.kill(k.t)
	k.s.launch(k.t)
	eventually(k.t, 30*time.Second, func() string {
		if k.ended() {
			return ""
		}
		return k.s.unready()
	})
	k.disk.empty(k.t)
	k.gauge.up(k.s.cmd.Process.Pid)
}

// ended says whether the server has ended by itself. It may where the disk is
// full to the last byte and the room that it had kept back is taken, too.
func (k *soak) ended() bool {
	select {
	case <-k.s.exited:
	default:
		return false
	}
	if log := k.s.log(k.t, 2<<10); !strings.Contains(log, "the disk is full; make room on it and start again") {
		k.t.Fatalf("the server ended (%v), and not for want of room: %s", k.s.cmd.ProcessState, log)
	}
	return true
}

// goesOn waits until an event is accepted again.
func (k *soak) goesOn() {
	k.t.Helper()
	eventually(k.t, time.Minute, func() string {
		if k.ended() {
			k.full++
			k.gauge.excuse()
			k.s.start(k.t)
			k.gauge.up(k.s.cmd.Process.Pid)
		}
		if err := k.putters[0].put(k.t.Context(), "none", 1); err != nil {
			return fmt.Sprintf("an event is accepted after the fault; the last answer was: %v", err)
		}
		return ""
	})
}
