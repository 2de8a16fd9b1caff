package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// place is what a program gets, as the first process is told.
type place struct {
	Level      Level
	Root       string // where its file system is put together
	Hide, Show []string
	Path       string
	Args, Env  []string
	Dir        string
	Binds      []Bind
	TmpBytes   int64
	User       uint32 // 0: that of the server
	Memory     int64
	Processes  int
	Extra      int // how many descriptors more there are
}

// The descriptors of the first process, beside the first three.
const (
	ordersFD  = 3
	reportsFD = 4
	extraFD   = 5
)

// Init is the first process of a sandbox: main calls it when its first argument
// is [InitCommand], before anything else. It does not return.
func Init() {
	if len(os.Args) > 2 {
		os.Exit(lookAround(os.Args[2], os.Args[3:]))
	}
	signal.Notify(make(chan os.Signal, 1)) // nobody listens: what programs send does not end us
	runtime.LockOSThread()                 // what a thread gives up, the program that it starts does not have
	f := &first{orders: json.NewDecoder(os.NewFile(ordersFD, "orders")), reports: json.NewEncoder(os.NewFile(reportsFD, "reports"))}
	var o order
	if err := f.orders.Decode(&o); err != nil || o.Place == nil {
		os.Exit(1) // the server is gone
	}
	f.place = o.Place
	var pid int
	var err error
	if f.place.Level == LevelLandlock {
		aside(func() { pid, err = f.start() })
	} else {
		pid, err = f.start()
	}
	if err != nil {
		r := report{Error: err.Error()}
		if no, ok := errors.AsType[syscall.Errno](err); ok {
			r.Errno = no
		}
		f.report(r)
		os.Exit(1)
	}
	f.report(report{Started: true})
	go f.obey(pid)
	f.reap(pid)
}

// first is the first process at work.
type first struct {
	place   *place
	orders  *json.Decoder
	reports *json.Encoder
	ending  sync.Mutex // held by whoever ends everything
}

// report tells the server. One that is gone does not want it.
func (f *first) report(r report) { _ = f.reports.Encode(r) }

// start makes the place and starts the program in it. An error that is a bare
// Errno is about the program.
func (f *first) start() (int, error) {
	p := f.place
	syscall.Umask(0o022)
	if err := keepDescriptors(); err != nil {
		return 0, fmt.Errorf("keep descriptors from a sandbox: %w", notBare(err))
	}
	// When the machine runs out of memory, the program goes before the server does.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0)
	if p.Level == LevelNamespaces {
		if err := p.enter(); err != nil {
			return 0, fmt.Errorf("make the file system of a sandbox: %w", notBare(err))
		}
	} else if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("collect the processes of a sandbox: %w", notBare(err))
	}
	makeThreads()
	if err := p.limit(); err != nil {
		return 0, fmt.Errorf("limit a sandbox: %w", notBare(err))
	}
	if err := p.giveUp(); err != nil {
		return 0, fmt.Errorf("give up capabilities in a sandbox: %w", notBare(err))
	}
	if p.Level == LevelLandlock {
		if err := p.restrict(); err != nil {
			return 0, notBare(err)
		}
	}
	files := []uintptr{0, 1, 2}
	for i := range p.Extra {
		files = append(files, uintptr(extraFD+i))
	}
	attr := &syscall.ProcAttr{Dir: p.Dir, Env: p.Env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	if attr.Dir == "" {
		attr.Dir = "/"
	}
	if p.User != 0 {
		attr.Sys.Credential = &syscall.Credential{Uid: p.User, Gid: p.User}
	}
	return syscall.ForkExec(p.Path, append([]string{p.Path}, p.Args...), attr)
}

// keepDescriptors keeps our descriptors from programs, also those that the server
// itself has from whoever started it.
func keepDescriptors() error {
	open, err := os.ReadDir("/proc/self/fd")
	for _, d := range open {
		if fd, err := strconv.Atoi(d.Name()); err == nil && fd >= ordersFD {
			syscall.CloseOnExec(fd)
		}
	}
	return err
}

// notBare makes an error one of the place, not of the program.
func notBare(err error) error { return errors.New(err.Error()) }

// makeThreads has the Go runtime make the threads that it will want, so that it
// wants none when the program has taken all there may be.
func makeThreads() {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			pause := syscall.Timespec{Nsec: int64(time.Millisecond)}
			_ = syscall.Nanosleep(&pause, nil)
		})
	}
	all.Wait()
}

// limit sets the limits that the program inherits.
func (p *place) limit() error {
	limits := map[int]uint64{unix.RLIMIT_CORE: 0}
	if p.Memory > 0 {
		// This counts what each process may write to, whether it does or not, such
		// as the stacks of threads: it is not the limit, but stops those who run into
		// it faster than anybody looks.
		limits[unix.RLIMIT_DATA] = uint64(2*p.Memory + 512<<20)
	}
	if p.Processes > 0 {
		limits[unix.RLIMIT_NPROC] = uint64(p.Processes)
		if p.User == 0 { // then others count as well: us, and without namespaces everything of this user
			limits[unix.RLIMIT_NPROC] += threadsOf(os.Getuid())
		}
	}
	for which, n := range limits {
		if err := unix.Setrlimit(which, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return fmt.Errorf("limit %d to %d: %w", which, n, err)
		}
	}
	return nil
}

// threadsOf is how many threads a user has that are seen from here.
func threadsOf(uid int) uint64 {
	procs, _ := os.ReadDir("/proc") // where it cannot be read there are none to see
	var n uint64
	for _, d := range procs {
		if d.Name()[0] < '0' || d.Name()[0] > '9' {
			continue
		}
		var s syscall.Stat_t
		if syscall.Stat("/proc/"+d.Name(), &s) != nil || int(s.Uid) != uid {
			continue
		}
		threads, _ := os.ReadDir("/proc/" + d.Name() + "/task")
		n += uint64(len(threads))
	}
	return n
}

// giveUp takes from this thread, and so from what it starts, whatever it may do
// beyond any user, for good. One that is root keeps what it needs to become the
// program's user, which takes the rest.
func (p *place) giveUp() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		// EPERM: it may not drop any, and so has none to pass on. EINVAL: the kernel knows no such.
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL && err != unix.EPERM {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var now [2]unix.CapUserData
	if err := unix.Capget(&header, &now[0]); err != nil {
		return err
	}
	for i := range now {
		now[i].Inheritable = 0
		if p.User == 0 {
			now[i] = unix.CapUserData{}
		}
	}
	return unix.Capset(&header, &now[0])
}

// reap collects the dead until the program is among them, tells how it ended, and
// ends.
func (f *first) reap(program int) {
	for {
		var status syscall.WaitStatus
		var used syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, 0, &used)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			f.end(1) // nobody is left, and the program was not among them
		}
		if pid != program {
			continue
		}
		r := report{Exited: true, Code: status.ExitStatus(), Peak: used.Maxrss << 10}
		if status.Signaled() {
			r.Signal = status.Signal()
		}
		f.report(r)
		f.end(0)
	}
}

// obey passes signals on until the server says no more, or is gone.
func (f *first) obey(program int) {
	for {
		var o order
		if err := f.orders.Decode(&o); err != nil {
			f.end(1)
		}
		if o.Signal != 0 {
			_ = syscall.Kill(program, o.Signal) // it may just have ended
		}
	}
}

// end ends everything. The first process of a namespace takes the others with it.
func (f *first) end(code int) {
	f.ending.Lock()
	if f.place.Level != LevelNamespaces {
		killAll()
	}
	os.Exit(code)
}

// killAll kills everything below this process. All are stopped first, lest they
// start others faster than we kill them.
func killAll() {
	self := os.Getpid()
	var before []int
	for range 100 {
		now := descendants(self)
		for _, pid := range now {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
		}
		if slices.Equal(before, now) {
			break
		}
		before = now
	}
	for range 1000 {
		left := descendants(self)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
		time.Sleep(time.Millisecond)
	}
}

// lookAround is the program of [Sandbox.probe]: it says what does not hold here.
func lookAround(level string, hidden []string) int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		fmt.Println("its /proc cannot be read:", err)
		return 1
	}
	for _, line := range []string{"CapPrm:\t", "CapEff:\t", "CapInh:\t", "CapAmb:\t"} {
		if _, after, ok := strings.Cut(string(status), line); ok && strings.Trim(strings.SplitN(after, "\n", 2)[0], "0") != "" && os.Getuid() != 0 {
			fmt.Println("its programs have capabilities")
			return 1
		}
	}
	switch level {
	case LevelNamespaces.String():
		return lookAroundNamespaces(hidden)
	case LevelLandlock.String():
		return lookAroundLandlock(hidden)
	}
	return 0
}

// lookAroundNamespaces says what does not hold where there are namespaces.
func lookAroundNamespaces(hidden []string) int {
	if pids, err := os.ReadDir("/proc"); err != nil || slices.ContainsFunc(pids, func(d os.DirEntry) bool {
		pid, err := strconv.Atoi(d.Name())
		return err == nil && pid != 1 && pid != os.Getpid()
	}) {
		fmt.Println("its programs see other processes")
		return 1
	}
	for _, dir := range []string{"/", "/etc", "/usr"} {
		if unix.Access(dir, unix.W_OK) != unix.EROFS && unix.Access(dir, unix.F_OK) == nil {
			var s unix.Statfs_t
			if unix.Statfs(dir, &s) != nil || s.Flags&unix.ST_RDONLY == 0 {
				fmt.Println("its programs can write to the system")
				return 1
			}
		}
	}
	return lookForHidden(hidden)
}

// lookAroundLandlock says what does not hold where there is Landlock.
func lookAroundLandlock(hidden []string) int {
	if _, err := os.ReadDir("/"); err == nil {
		fmt.Println("its programs see what nobody gave them")
		return 1
	}
	if f, err := os.OpenFile("/etc/passwd", os.O_WRONLY, 0); err == nil {
		_ = f.Close() // nothing was written
		fmt.Println("its programs can write to the system")
		return 1
	}
	if f, err := os.CreateTemp("", "probe-"); err != nil {
		fmt.Println("its programs cannot use their own folder:", err)
		return 1
	} else if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		fmt.Println("its programs cannot use their own folder:", err)
		return 1
	}
	return lookForHidden(hidden)
}

// lookForHidden says whether something can be read that must not be.
func lookForHidden(hidden []string) int {
	for _, path := range hidden {
		if d, err := os.ReadDir(path); err == nil && len(d) > 0 {
			fmt.Println("its programs see what is to be hidden")
			return 1
		}
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			fmt.Println("its programs see what is to be hidden")
			return 1
		}
	}
	return 0
}
