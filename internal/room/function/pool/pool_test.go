package pool

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/function/catalog"
	"github.com/dari-bus/dari/internal/room/function/code"
	"github.com/dari-bus/dari/internal/room/function/runtime"
	"github.com/dari-bus/dari/internal/store/mem"
)

// A machine counts the environments that it starts.
type machine struct {
	mu               sync.Mutex
	started, stopped int
	lines            []string
}

func (m *machine) Start(_ context.Context, c runtime.Config) (Environment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started++
	return &running{m, c}, nil
}

func (m *machine) counts() (started, stopped int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.started, m.stopped
}

type running struct {
	machine *machine
	config  runtime.Config
}

// Invoke takes a second.
func (r *running) Invoke(ctx context.Context, in runtime.Invocation) (runtime.Result, error) {
	r.config.Log([]runtime.Line{{Time: time.Now(), Text: "said " + string(in.Payload)}})
	select {
	case <-time.After(time.Second):
		return runtime.Result{Payload: in.Payload}, nil
	case <-ctx.Done():
		return runtime.Result{}, ctx.Err()
	}
}

func (*running) Alive() bool { return true }

func (r *running) Stop() {
	r.machine.mu.Lock()
	defer r.machine.mu.Unlock()
	r.machine.stopped++
}

func (m *machine) Assume(context.Context, catalog.Address, string) (runtime.Credentials, time.Time, error) {
	return runtime.Credentials{}, time.Now().Add(6 * time.Hour), nil
}

func (m *machine) Append(_ context.Context, _ catalog.Address, _, _ string, lines []runtime.Line) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range lines {
		m.lines = append(m.lines, l.Text)
	}
	return nil
}

// in runs a test with a pool, which has ended when it returns.
func in(t *testing.T, opt Options, fn func(*testing.T, *machine, *Pool, catalog.Found)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		m := &machine{}
		keeper, err := code.Open(code.Options{Store: mem.New(), Dir: func(context.Context) (string, error) { return dir, nil }})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := zip.NewWriter(&b).Close(); err != nil {
			t.Fatal(err)
		}
		ref, release, err := keeper.Add(t.Context(), b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		opt.Engine, opt.Roles, opt.Logs, opt.Code, opt.Log, opt.Endpoint = m, m, m, keeper, slog.New(slog.DiscardHandler), func() string { return "" }
		p, err := New(opt)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		at := catalog.Address{Place: access.Place{Account: "210987654321", Region: "eu-central-1"}, Name: "fn", Qualifier: catalog.Latest}
		fn(t, m, p, catalog.Found{Version: &catalog.Version{Number: catalog.Latest, Memory: 128, Code: ref, Revision: "1"}, At: at})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if started, stopped := m.counts(); started != stopped {
			t.Errorf("%d environments were started, and %d stopped", started, stopped)
		}
	})
}

// invokeAll invokes n times at once and returns what went wrong.
func invokeAll(t *testing.T, p *Pool, f catalog.Found, n int) (errs []error) {
	all := make(chan error, n)
	for range n {
		go func() {
			_, err := p.Invoke(t.Context(), f, runtime.Invocation{Payload: []byte("x")})
			all <- err
		}()
	}
	for range n {
		if err := <-all; err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func TestWarmEnvironmentsAreUsedAgainUntilTheyAreIdleForLong(t *testing.T) {
	in(t, Options{}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		for range 3 {
			if errs := invokeAll(t, p, f, 5); errs != nil {
				t.Error(errs)
			}
		}
		if started, stopped := m.counts(); started != 5 || stopped != 0 {
			t.Errorf("started %d, stopped %d; want 5 and 0", started, stopped)
		}
		time.Sleep(12 * time.Minute)
		if _, stopped := m.counts(); stopped != 5 {
			t.Errorf("stopped %d; want 5", stopped)
		}
		if len(m.lines) != 15 {
			t.Errorf("the log has %d lines; want 15", len(m.lines))
		}
	})
}

func TestAFunctionHasNoMoreInvocationsThanAreReserved(t *testing.T) {
	in(t, Options{}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		two := 2
		f.Reserved = &two
		errs := invokeAll(t, p, f, 5)
		if len(errs) != 3 || !errors.Is(errs[0], ErrReserved) {
			t.Errorf("errors %v; want three throttled", errs)
		}
	})
}

func TestInvocationsWaitForAnEnvironmentForAWhile(t *testing.T) {
	in(t, Options{Most: 2}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		began := time.Now()
		if errs := invokeAll(t, p, f, 8); errs != nil {
			t.Error(errs)
		}
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("eight on two environments took %v; want 4 s", took)
		}
		errs := invokeAll(t, p, f, 40)
		if len(errs) < 15 || !errors.Is(errs[0], ErrFull) {
			t.Errorf("%d errors; want those throttled that waited for ten seconds", len(errs))
		}
		other := f
		other.At.Name = "other"
		if errs := invokeAll(t, p, other, 2); errs != nil {
			t.Errorf("what is idle did not make room: %v", errs)
		}
	})
}

func TestAChangedFunctionHasNewEnvironments(t *testing.T) {
	in(t, Options{}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		invokeAll(t, p, f, 2)
		p.Changed(f.At, false)
		synctest.Wait()
		if _, stopped := m.counts(); stopped != 2 {
			t.Errorf("stopped %d; want 2", stopped)
		}
	})
}

// others is a function like f that another account has.
func others(f catalog.Found) catalog.Found {
	f.At.Account = "000000000000"
	return f
}

// What becomes free is not for those who have most, however many of them wait.
func TestAnAccountThatAsksForMuchKeepsNobodyOut(t *testing.T) {
	in(t, Options{Most: 8}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		flooded := make(chan []error, 1)
		go func() { flooded <- invokeAll(t, p, f, 1000) }()
		time.Sleep(3*time.Second + time.Millisecond)
		began := time.Now()
		if errs := invokeAll(t, p, others(f), 4); errs != nil {
			t.Error(errs)
		}
		// One environment is always left for another account, and four are its turn.
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("four invocations of another account took %v; want 2 s at most", took)
		}
		<-flooded
	})
}

func TestNoAccountHasAllEnvironments(t *testing.T) {
	in(t, Options{Most: 16}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		go invokeAll(t, p, f, 20)
		synctest.Wait()
		if started, _ := m.counts(); started != 14 {
			t.Errorf("an account has %d environments of 16; want 14", started)
		}
		began := time.Now()
		if errs := invokeAll(t, p, others(f), 2); errs != nil || time.Since(began) != time.Second {
			t.Errorf("another account waited %v: %v", time.Since(began), errs)
		}
		time.Sleep(time.Minute)
	})
}

// Large functions take no more than their part of the memory, and what is idle of others
// still makes room for one that runs alone.
func TestNoAccountHasAllMemory(t *testing.T) {
	in(t, Options{MemoryMB: 1024}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		large := others(f)
		v := *f.Version
		large.At.Name, large.Version, v.Memory = "large", &v, 256
		go invokeAll(t, p, large, 8)
		synctest.Wait()
		began := time.Now()
		if errs := invokeAll(t, p, f, 1); errs != nil || time.Since(began) != time.Second {
			t.Errorf("another account waited %v: %v", time.Since(began), errs)
		}
		time.Sleep(time.Minute)
		w := v
		w.Memory, w.Revision, large.Version = 1000, "2", &w
		if errs := invokeAll(t, p, large, 1); errs != nil {
			t.Errorf("alone it did not run: %v", errs)
		}
	})
}

// When too many wait, those go first whose account has most of them.
func TestAnAccountDoesNotTakeAllPlacesToWait(t *testing.T) {
	in(t, Options{Most: 8, Patience: time.Hour}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		flooded := make(chan []error, 1)
		go func() { flooded <- invokeAll(t, p, f, maxWaiting+100) }()
		synctest.Wait()
		if errs := invokeAll(t, p, others(f), 50); errs != nil {
			t.Error(errs)
		}
		if errs := <-flooded; len(errs) < 93 || !errors.Is(errs[0], ErrFull) {
			t.Errorf("%d of the account that floods were throttled", len(errs))
		}
	})
}

func TestEnvironmentsAreKeptReadyBeforeAnybodyAsks(t *testing.T) {
	in(t, Options{}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		p.Keep([]Kept{{f, 3}})
		synctest.Wait()
		if started, _ := m.counts(); started != 3 || p.Kept(f) != (Readiness{Ready: 3, Free: 3}) {
			t.Errorf("%d were started: %+v", started, p.Kept(f))
		}
		time.Sleep(time.Hour)
		go invokeAll(t, p, f, 4)
		synctest.Wait()
		if started, stopped := m.counts(); started != 4 || stopped != 0 || p.Kept(f) != (Readiness{Ready: 3}) {
			t.Errorf("started %d, stopped %d with four invocations: %+v", started, stopped, p.Kept(f))
		}
		time.Sleep(time.Hour)
		if _, stopped := m.counts(); stopped != 1 {
			t.Errorf("stopped %d; want that which was not kept", stopped)
		}
		time.Sleep(6 * time.Hour) // their credentials end, and others come
		p.Keep([]Kept{{f, 3}})
		synctest.Wait()
		if r := p.Kept(f); r.Ready != 3 {
			t.Errorf("after their credentials have ended: %+v", r)
		}
		p.Keep(nil)
		time.Sleep(time.Hour)
		if started, stopped := m.counts(); started != stopped {
			t.Errorf("started %d, stopped %d when nothing is kept any more", started, stopped)
		}
	})
}

func TestHalfOfAllIsForWhatIsNotKept(t *testing.T) {
	in(t, Options{Most: 8}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		p.Keep([]Kept{{f, 8}})
		synctest.Wait()
		if r := p.Kept(f); r.Ready != 4 || r.Problem == "" {
			t.Errorf("%+v; want half of eight, and why", r)
		}
		other := others(f)
		other.At.Name = "other"
		if errs := invokeAll(t, p, other, 4); errs != nil {
			t.Error(errs)
		}
		if r := p.Kept(f); r.Ready != 4 {
			t.Errorf("what is kept made room: %+v", r)
		}
	})
}

// Who wants more memory than there is waits until nobody else runs, and neither keeps the
// others waiting nor has what is idle stopped in vain.
func TestAFunctionThatIsTooLargeKeepsNobodyWaiting(t *testing.T) {
	in(t, Options{Most: 8, MemoryMB: 640}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		large := others(f)
		v := *f.Version
		large.At.Name, large.Version, v.Memory = "large", &v, 10240
		go invokeAll(t, p, f, 2)
		synctest.Wait()
		tried := make(chan []error, 1)
		go func() { tried <- invokeAll(t, p, large, 1) }()
		synctest.Wait()
		began := time.Now()
		done := make(chan []error, 1)
		go func() { done <- invokeAll(t, p, f, 2) }()
		time.Sleep(time.Second / 2) // when they end it may begin
		if started, stopped := m.counts(); started != 4 || stopped != 0 {
			t.Errorf("started %d, stopped %d while it waited", started, stopped)
		}
		if errs := <-done; errs != nil || time.Since(began) != time.Second {
			t.Errorf("others waited %v: %v", time.Since(began), errs)
		}
		if errs := <-tried; errs != nil {
			t.Errorf("alone it did not run: %v", errs)
		}
	})
}

// Whoever calls may make accounts up. That many of them wait does not keep the pool busy.
func TestManyAccountsMayWait(t *testing.T) {
	began := time.Now()
	in(t, Options{Most: 8}, func(t *testing.T, m *machine, p *Pool, f catalog.Found) {
		all := make(chan error, maxWaiting)
		for i := range maxWaiting {
			f := f
			f.At.Account = fmt.Sprintf("%012d", i)
			go func() {
				_, err := p.Invoke(t.Context(), f, runtime.Invocation{})
				all <- err
			}()
		}
		served := 0
		for range maxWaiting {
			if <-all == nil {
				served++
			}
		}
		if served < 80 {
			t.Errorf("%d were served", served)
		}
	})
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
