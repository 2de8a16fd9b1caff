package serve

import (
	"time"

	"github.com/dari-bus/dari/internal/room/restapi/executionlog"
)

// beginTrace begins the execution log of a request, as the stage has it for the method.
func (c *call) beginTrace() {
	levels := map[string]executionlog.Level{"ERROR": executionlog.Error, "INFO": executionlog.Info}
	id, _ := c.x.Context["requestId"].(string)
	extended, _ := c.x.Context["extendedRequestId"].(string)
	c.trace = executionlog.New(executionlog.Options{
		Level: levels[c.setting.Level], DataTrace: c.setting.DataTrace, Request: id, API: c.serving.API, Stage: c.serving.Stage.Name, Now: time.Now,
	})
	c.trace.Began(extended, c.r.Header.Get("X-Api-Key"), c.method.of.NeedsKey, c.r.Method, c.method.node.Path)
}

// What a log says in the place of a body.
const (
	binaryData   = "[Binary Data]"
	streamedData = "[Streamed Data]"
)

// asked says in the log what the method was asked.
func (c *call) asked(body string) {
	if c.x.Request.Binary {
		body = binaryData
	}
	c.trace.Asked(c.x.Request.Path, c.x.Request.Query, c.x.Request.Header, body)
}
