package build

import (
	"github.com/dari-bus/dari/internal/room/build/catalog"
	"github.com/dari-bus/dari/internal/wire"
)

// limits are the constraints on members, as AWS's model has them.
var limits = wire.Limits{
	"createProjectInput.Name":               {Required: true, Min: 2, Max: 150, Pattern: `[A-Za-z0-9][A-Za-z0-9\-_]{1,149}`},
	"updateProjectInput.Name":               name,
	"Settings.Description":                  {HasMin: true, Max: 255},
	"Settings.ServiceRole":                  {Min: 1},
	"Settings.TimeoutInMinutes":             timeout,
	"Settings.QueuedTimeoutInMinutes":       queuedTimeout,
	"nameInput.Name":                        name,
	"batchGetProjectsInput.Names":           {Required: true, Min: 1, Max: 100, Each: &wire.Limit{Min: 1, Max: maxName}},
	"listProjectsInput.SortBy":              {Enum: []string{"NAME", "CREATED_TIME", "LAST_MODIFIED_TIME"}},
	"listProjectsInput.SortOrder":           sortOrder,
	"idInput.ID":                            name,
	"retryBuildInput.ID":                    name,
	"idsInput.IDs":                          {Required: true, Min: 1, Max: 100, Each: &wire.Limit{Min: 1, Max: maxName}},
	"listBuildsInput.SortOrder":             sortOrder,
	"listBuildsForProjectInput.ProjectName": name,
	"startBuildInput.ProjectName":           name,
	"Overrides.SourceTypeOverride":          {Enum: catalog.SourceTypes},
	"Overrides.TimeoutInMinutesOverride":    timeout,
	"Overrides.QueuedTimeoutOverride":       queuedTimeout,
	"Overrides.ServiceRoleOverride":         {Min: 1},
	"Source.GitCloneDepth":                  {HasMin: true},
}

// maxName is how long a name, an id or an ARN of ours may be: AWS has no bound.
const maxName = 512

var (
	name          = wire.Limit{Required: true, Min: 1, Max: maxName}
	timeout       = wire.Limit{Min: 5, Max: 2160}
	queuedTimeout = wire.Limit{Min: 5, Max: 480}
	sortOrder     = wire.Limit{Enum: []string{"ASCENDING", "DESCENDING"}}
)
