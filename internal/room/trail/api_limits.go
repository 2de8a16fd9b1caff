package trail

import "github.com/dari-bus/dari/internal/wire"

// limits are the constraints on members, as AWS's model has them.
var limits = wire.Limits{
	"createTrailInput.Name":                        {Required: true},
	"createTrailInput.TagsList":                    {HasMin: true, Max: 200},
	"updateTrailInput.Name":                        {Required: true},
	"nameInput.Name":                               {Required: true},
	"trailNameInput.TrailName":                     {Required: true},
	"putEventSelectorsInput.TrailName":             {Required: true},
	"eventSelector.ReadWriteType":                  {Enum: []string{"ReadOnly", "WriteOnly", "All"}},
	"advancedEventSelector.Name":                   {HasMin: true, Max: 1000},
	"advancedEventSelector.FieldSelectors":         {Required: true, Min: 1},
	"fieldSelector.Field":                          {Required: true, Min: 1, Max: 1000, Pattern: `[\w|\d|\.|_]+`},
	"fieldSelector.Equals":                         values,
	"fieldSelector.StartsWith":                     values,
	"fieldSelector.EndsWith":                       values,
	"fieldSelector.NotEquals":                      values,
	"fieldSelector.NotStartsWith":                  values,
	"fieldSelector.NotEndsWith":                    values,
	"putInsightSelectorsInput.EventDataStore":      dataStore,
	"putInsightSelectorsInput.InsightsDestination": dataStore,
	"putInsightSelectorsInput.InsightSelectors":    {Required: true},
	"getInsightSelectorsInput.EventDataStore":      dataStore,
	"insightSelector.InsightType":                  {Enum: []string{"ApiCallRateInsight", "ApiErrorRateInsight"}},
	"tagsInput.ResourceID":                         {Required: true},
	"tagsInput.TagsList":                           {Required: true, HasMin: true, Max: 200},
	"tag.Key":                                      {Required: true, Min: 1, Max: 128},
	"tag.Value":                                    {Min: 1, Max: 256},
	"listTagsInput.ResourceIDList":                 {Required: true, HasMin: true, Max: 20},
	"lookupEventsInput.EventCategory":              {Enum: []string{"insight"}},
	"lookupAttribute.AttributeKey":                 {Required: true, Enum: []string{"EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"}},
	"lookupAttribute.AttributeValue":               {Required: true, Min: 1, Max: 2000},
}

var (
	values    = wire.Limit{Min: 1, Each: &wire.Limit{Min: 1, Max: 2048, Pattern: `.+`}}
	dataStore = wire.Limit{Min: 3, Max: 256, Pattern: `^[a-zA-Z0-9._/\-:]+$`}
)
