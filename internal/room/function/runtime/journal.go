package runtime

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// tailBytes is how much of the log of an invocation its caller may ask for.
const tailBytes = 4 << 10

// A journal is the log of an environment: the lines of the function and those of
// the platform, in order.
type journal struct {
	json bool
	log  func([]Line)

	mu   sync.Mutex
	tail []byte // the end of what was logged since the invocation began
}

func (j *journal) emit(lines []Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, l := range lines {
		j.tail = append(j.tail, l.Text...)
		if len(j.tail) > 16*tailBytes {
			j.tail = append(j.tail[:0], j.tail[len(j.tail)-tailBytes:]...)
		}
	}
	j.log(lines)
}

// begin forgets what belongs to the invocation before.
func (j *journal) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tail = nil
}

// end returns the last of what the invocation logged.
func (j *journal) end() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]byte(nil), j.tail[max(0, len(j.tail)-tailBytes):]...)
}

// say logs what the platform says: a text, or in the format JSON a record.
func (j *journal) say(text, kind string, record map[string]any) {
	now := time.Now()
	if j.json {
		if kind == "" {
			return
		}
		b, _ := json.Marshal(map[string]any{"time": now.UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "record": record}) // of texts and numbers
		text = string(b) + "\n"
	}
	j.emit([]Line{{now, text}})
}

func (j *journal) initStart(c Config, version, arn string) {
	j.say(fmt.Sprintf("INIT_START Runtime Version: %s\tRuntime Version ARN: %s\n", version, arn), "platform.initStart", map[string]any{
		"initializationType": "on-demand", "phase": "init", "runtimeVersion": version, "runtimeVersionArn": arn,
		"functionName": c.Name, "functionVersion": c.Version,
	})
}

// initReport is said of a phase of initialization that failed.
func (j *journal) initReport(took time.Duration, phase, status, errorType string) {
	text := fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: %s\tStatus: %s", milliseconds(took), phase, status)
	if errorType != "" {
		text += "\tError Type: " + errorType
	}
	j.say(text+"\n", "platform.initReport", map[string]any{
		"initializationType": "on-demand", "phase": phase, "status": status, "errorType": errorType, "metrics": map[string]any{"durationMs": milliseconds(took)},
	})
}

func (j *journal) start(id, version string) {
	j.say(fmt.Sprintf("START RequestId: %s Version: %s\n", id, version), "platform.start", map[string]any{"requestId": id, "version": version})
}

// report ends an invocation. Every field has a tab behind it, the last too.
func (j *journal) report(c Config, id string, r Result, status, errorType string) {
	used := (r.MaxMemoryBytes + 1<<20 - 1) >> 20
	used = min(used, int64(c.MemoryMB)) // what was more has been killed for it
	text := fmt.Sprintf("REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t",
		id, milliseconds(r.Duration), r.Billed.Milliseconds(), c.MemoryMB, used)
	metrics := map[string]any{"durationMs": milliseconds(r.Duration), "billedDurationMs": r.Billed.Milliseconds(), "memorySizeMB": c.MemoryMB, "maxMemoryUsedMB": used}
	if r.InitDuration > 0 {
		text += fmt.Sprintf("Init Duration: %.2f ms\t", milliseconds(r.InitDuration))
		metrics["initDurationMs"] = milliseconds(r.InitDuration)
	}
	record := map[string]any{"requestId": id, "metrics": metrics, "status": status}
	if status != "success" {
		text += "Status: " + status + "\t"
	}
	if errorType != "" {
		text += "Error Type: " + errorType + "\t"
		record["errorType"] = errorType
	}
	if !j.json {
		j.say(fmt.Sprintf("END RequestId: %s\n", id), "", nil)
	}
	j.say(text+"\n", "platform.report", record)
}

// milliseconds are as AWS prints them: of two digits behind the point.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
