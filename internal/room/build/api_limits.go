package build

import "github.com/dari-bus/dari/internal/wire"

// limits are the constraints on members, as AWS's model has them.
var limits = wire.Limits{
	"createProjectInput.Name":               {Required: true, Min: 2, Max: 150, Pattern: `[A-Za-z0-9][A-Za-z0-9\-_]{1,149}`},
	"updateProjectInput.Name":               {Required: true, Min: 1},
	"Settings.Description":                  {HasMin: true, Max: 255},
	"Settings.ServiceRole":                  {Min: 1},
	"Settings.TimeoutInMinutes":             timeout,
	"Settings.QueuedTimeoutInMinutes":       queuedTimeout,
	"nameInput.Name":                        {Required: true, Min: 1},
	"batchGetProjectsInput.Names":           {Required: true, Min: 1, Max: 100, Each: &wire.Limit{Min: 1}},
	"listProjectsInput.SortBy":              {Enum: []string{"NAME", "CREATED_TIME", "LAST_MODIFIED_TIME"}},
	"listProjectsInput.SortOrder":           sortOrder,
	"idInput.ID":                            {Required: true, Min: 1},
	"retryBuildInput.ID":                    {Required: true, Min: 1},
	"idsInput.IDs":                          {Required: true, Min: 1, Max: 100, Each: &wire.Limit{Min: 1}},
	"listBuildsInput.SortOrder":             sortOrder,
	"listBuildsForProjectInput.ProjectName": {Required: true, Min: 1},
	"startBuildInput.ProjectName":           {Required: true, Min: 1},
	"Overrides.SourceTypeOverride":          {Enum: sourceTypes},
	"Overrides.TimeoutInMinutesOverride":    timeout,
	"Overrides.QueuedTimeoutOverride":       queuedTimeout,
	"Overrides.ServiceRoleOverride":         {Min: 1},
	"Source.GitCloneDepth":                  {HasMin: true},
}

var (
	timeout       = wire.Limit{Min: 5, Max: 2160}
	queuedTimeout = wire.Limit{Min: 5, Max: 480}
	sortOrder     = wire.Limit{Enum: []string{"ASCENDING", "DESCENDING"}}
)
