package door

const (
	// maxConns is enough for every use of one machine.
	maxConns = 16 << 10
	// connMemory is what a connection costs: its buffers, its goroutines, and a
	// small body that is not counted by itself.
	connMemory = 32 << 10
)

// Limit is how many connections a process may have that is to use so much memory
// in all: a tenth of that, and half of the files that it may open. The other half
// is for the store and for calls to targets.
func Limit(memory int64) int {
	n := memory / 10 / connMemory
	if files := descriptors(); files > 0 {
		n = min(n, int64(min(files, 1<<32)/2))
	}
	return int(min(max(n, 1), maxConns))
}
