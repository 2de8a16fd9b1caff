package app

import (
	"fmt"

	"github.com/dari-bus/dari/internal/budget"
)

// memoryParts says what of -memory may be used for what. What is left over is
// for the program itself, the store and what the garbage collector has not
// found yet.
var memoryParts = []budget.Part{
	{Name: memoryRequests, Percent: 15, What: "bodies of requests while they are read and served; half of it for what functions were sent that run, at most a quarter for an account"},
	{Name: memoryAnswers, Percent: 10, What: "answers that wait for their readers, lists of dead deliveries, live tails and live sessions of logs"},
	{Name: memoryRenderings, Percent: 10, What: "what input transformers make of events, and what targets answer"},
	{Name: memoryDeliveries, Percent: 20, What: "events that wait in memory for their targets"},
	{Name: memoryBatches, Percent: 5, What: "messages of queues while functions work on them, at most half of it for an account"},
	{Name: memoryIngest, Percent: 5, What: "log events while they are taken in, at most half of it for an account"},
	{Name: memoryLogs, Percent: 10, What: "log events while they are merged and searched, and records of calls also while they are packed"},
}

// The names of the parts.
const (
	memoryRequests   = "requests"
	memoryAnswers    = "answers"
	memoryRenderings = "renderings"
	memoryDeliveries = "deliveries"
	memoryBatches    = "batches"
	memoryIngest     = "ingest"
	memoryLogs       = "logs"
)

// leastMemory is the smallest -memory: in less, one request of each kind at a
// time would not fit beside the program.
const leastMemory = 128 << 20

// newMemory makes the budget of the process from -memory.
func (o *Options) newMemory() (*budget.Budget, error) {
	total := int64(1 << 30)
	if o.Memory != "auto" {
		n, err := budget.ParseSize(o.Memory)
		if err != nil {
			return nil, settingError{"memory", err.Error() + ", nor is it auto"}
		}
		if n < leastMemory {
			return nil, settingError{"memory", fmt.Sprintf("%s is too little to work in; give at least %s", budget.FormatSize(n), budget.FormatSize(leastMemory))}
		}
		total = n
	} else if n, ok := budget.Machine(); ok {
		total = max(n/2, leastMemory)
	}
	return budget.New(total, memoryParts), nil
}

// memoryOfPrograms is how much memory functions may have in all, and builds as well, in
// MiB: what the server leaves of the machine's. 0 says that nobody knows.
func (o *Options) memoryOfPrograms() int {
	n, ok := budget.Machine()
	if !ok {
		return 0
	}
	return int(max(n-o.memory.Total(), leastMemory) >> 20)
}

// configured says whether an account is one that the settings name: without keys whoever
// calls may make one up, and all of those share what they may keep.
func (o *Options) configured(account string) bool { return o.keys != nil || account == o.Account }

// Memory is the budget of the process. Whoever owns the process tells its
// garbage collector.
func (a *App) Memory() *budget.Budget { return a.opt.memory }
