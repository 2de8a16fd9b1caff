package catalog

import (
	"cmp"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/dari-bus/dari/internal/fault"
)

// Settings are what a project says, and what a build was started with. They are as
// CodeBuild spells them, in records as on the wire; what is nil is not said.
type Settings struct {
	Description             *string         `json:"description,omitempty"`
	Source                  *Source         `json:"source,omitempty"`
	SecondarySources        []Source        `json:"secondarySources" empty:"kept"`
	SourceVersion           *string         `json:"sourceVersion,omitempty"`
	SecondarySourceVersions []SourceVersion `json:"secondarySourceVersions" empty:"kept"`
	Artifacts               *Artifacts      `json:"artifacts,omitempty"`
	SecondaryArtifacts      []Artifacts     `json:"secondaryArtifacts" empty:"kept"`
	Cache                   *Cache          `json:"cache,omitempty"`
	Environment             *Environment    `json:"environment,omitempty"`
	ServiceRole             *string         `json:"serviceRole,omitempty"`
	TimeoutInMinutes        *int            `json:"timeoutInMinutes,omitempty"`
	QueuedTimeoutInMinutes  *int            `json:"queuedTimeoutInMinutes,omitempty"`
	EncryptionKey           *string         `json:"encryptionKey,omitempty"`
	LogsConfig              *LogsConfig     `json:"logsConfig,omitempty"`
	ConcurrentBuildLimit    *int            `json:"concurrentBuildLimit,omitempty"`
	AutoRetryLimit          *int            `json:"autoRetryLimit,omitempty"`
	// These are not offered; what is sent is looked at to say so.
	VpcConfig           json.RawMessage `json:"vpcConfig,omitempty"`
	FileSystemLocations json.RawMessage `json:"fileSystemLocations,omitempty"`
	BuildBatchConfig    json.RawMessage `json:"buildBatchConfig,omitempty"`
}

// A Source is where sources are.
type Source struct {
	Type                string          `json:"type,omitempty"`
	Location            string          `json:"location,omitempty"`
	GitCloneDepth       *int            `json:"gitCloneDepth,omitempty"`
	GitSubmodulesConfig *Submodules     `json:"gitSubmodulesConfig,omitempty"`
	Buildspec           string          `json:"buildspec,omitempty"`
	Auth                json.RawMessage `json:"auth,omitempty"`
	ReportBuildStatus   bool            `json:"reportBuildStatus"`
	BuildStatusConfig   json.RawMessage `json:"buildStatusConfig,omitempty"`
	InsecureSsl         bool            `json:"insecureSsl"` // CodeBuild's spelling.
	SourceIdentifier    string          `json:"sourceIdentifier,omitempty"`
}

// Submodules say whether those of a repository are fetched, which is not offered.
type Submodules struct {
	FetchSubmodules bool `json:"fetchSubmodules"`
}

// A SourceVersion is the version of a secondary source.
type SourceVersion struct {
	SourceIdentifier string `json:"sourceIdentifier"`
	SourceVersion    string `json:"sourceVersion"`
}

// Artifacts are where the files of a build go.
type Artifacts struct {
	Type                 string `json:"type,omitempty"`
	Location             string `json:"location,omitempty"`
	Path                 string `json:"path,omitempty"`
	NamespaceType        string `json:"namespaceType,omitempty"`
	Name                 string `json:"name,omitempty"`
	Packaging            string `json:"packaging,omitempty"`
	OverrideArtifactName bool   `json:"overrideArtifactName"`
	EncryptionDisabled   bool   `json:"encryptionDisabled"`
	ArtifactIdentifier   string `json:"artifactIdentifier,omitempty"`
	BucketOwnerAccess    string `json:"bucketOwnerAccess,omitempty"`
}

// A Cache is what would be kept between builds.
type Cache struct {
	Type           string   `json:"type,omitempty"`
	Location       string   `json:"location,omitempty"`
	Modes          []string `json:"modes,omitempty"`
	CacheNamespace string   `json:"cacheNamespace,omitempty"`
}

// An Environment is what the commands of a build find.
type Environment struct {
	Type                     string          `json:"type,omitempty"`
	Image                    string          `json:"image,omitempty"`
	ComputeType              string          `json:"computeType,omitempty"`
	ComputeConfiguration     json.RawMessage `json:"computeConfiguration,omitempty"`
	Fleet                    json.RawMessage `json:"fleet,omitempty"`
	EnvironmentVariables     []Variable      `json:"environmentVariables" empty:"kept"`
	PrivilegedMode           bool            `json:"privilegedMode"`
	Certificate              string          `json:"certificate,omitempty"`
	RegistryCredential       json.RawMessage `json:"registryCredential,omitempty"`
	ImagePullCredentialsType string          `json:"imagePullCredentialsType,omitempty"`
	DockerServer             json.RawMessage `json:"dockerServer,omitempty"`
}

// A Variable is one of the environment.
type Variable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Type  string `json:"type,omitempty"`
}

// LogsConfig says where the log of a build goes.
type LogsConfig struct {
	CloudWatchLogs *CloudWatchLogs `json:"cloudWatchLogs,omitempty"`
	S3Logs         *S3Logs         `json:"s3Logs,omitempty"`
}

// CloudWatchLogs is a log group, and what the names of its streams begin with.
type CloudWatchLogs struct {
	Status     string `json:"status,omitempty"`
	GroupName  string `json:"groupName,omitempty"`
	StreamName string `json:"streamName,omitempty"`
}

// S3Logs would be a bucket for logs; only DISABLED is offered.
type S3Logs struct {
	Status             string `json:"status,omitempty"`
	Location           string `json:"location,omitempty"`
	EncryptionDisabled bool   `json:"encryptionDisabled"`
	BucketOwnerAccess  string `json:"bucketOwnerAccess,omitempty"`
}

// Merge returns settings with those of others in their place that say something.
func (s Settings) Merge(others Settings) Settings {
	to, from := reflect.ValueOf(&s).Elem(), reflect.ValueOf(others)
	for i := range to.NumField() {
		if !from.Field(i).IsNil() { // all members are pointers and slices
			to.Field(i).Set(from.Field(i))
		}
	}
	return s
}

// Invalid is the fault of an input that is wrong, in CodeBuild's words.
func Invalid(format string, args ...any) error {
	return fault.Invalid("Invalid input: "+format, args...)
}

// said says whether a member that is not offered was sent with something in it.
func said(raw json.RawMessage) bool {
	text := strings.Join(strings.Fields(string(raw)), "")
	return text != "" && text != "null" && text != "{}" && text != "[]"
}

// Val returns what p points to, and nothing where it is nil.
func Val[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func or[T any](p *T, v T) *T {
	if p == nil {
		return &v
	}
	return p
}

// The bounds of settings.
const (
	maxSecondary = 12
	maxVariables = 200
	maxText      = 64 << 10 // of the variables in all
	usualTimeout = 60
	usualQueued  = 480
	// maxSettings is how much settings are in all, in bytes of JSON: the last builds are
	// in memory with theirs.
	maxSettings = 256 << 10
)

// Size is how many bytes of JSON settings are.
func (s *Settings) Size() int {
	text, _ := json.Marshal(s) // texts, numbers and lists of them always can be
	return len(text)
}

// Complete fills in what CodeBuild fills in, and says what is wrong with the settings
// of a project of this name.
func (s *Settings) Complete(project, key string) error {
	s.TimeoutInMinutes, s.QueuedTimeoutInMinutes = or(s.TimeoutInMinutes, usualTimeout), or(s.QueuedTimeoutInMinutes, usualQueued)
	s.EncryptionKey = or(s.EncryptionKey, key)
	if s.Cache == nil {
		s.Cache = &Cache{Type: "NO_CACHE"}
	}
	s.VpcConfig, s.BuildBatchConfig, s.FileSystemLocations = refuseNone(s.VpcConfig), refuseNone(s.BuildBatchConfig), refuseNone(s.FileSystemLocations)
	if Val(s.ConcurrentBuildLimit) < 0 { // so it is taken back
		s.ConcurrentBuildLimit = nil
	}
	if err := s.check(); err != nil {
		return err
	}
	source, artifacts, env := *s.Source, *s.Artifacts, *s.Environment
	s.Source, s.Artifacts, s.Environment = &source, &artifacts, &env
	if err := source.check(false); err != nil {
		return err
	}
	s.SecondarySources, s.SecondaryArtifacts = slices.Clone(s.SecondarySources), slices.Clone(s.SecondaryArtifacts)
	for i := range s.SecondarySources {
		if err := s.SecondarySources[i].check(true); err != nil {
			return err
		}
	}
	if err := artifacts.complete(project, false); err != nil {
		return err
	}
	for i := range s.SecondaryArtifacts {
		if err := s.SecondaryArtifacts[i].complete(project, true); err != nil {
			return err
		}
	}
	if err := oneOf("cache.type", s.Cache.Type, "NO_CACHE", "S3", "LOCAL"); err != nil {
		return err
	}
	if err := s.LogsConfig.check(); err != nil {
		return err
	}
	if err := env.complete(); err != nil {
		return err
	}
	if n := s.Size(); n > maxSettings {
		return Invalid("the settings have %d bytes as JSON, and %d are the most: keep the buildspec in the source, or in a bucket", n, maxSettings)
	}
	return nil
}

// check says what is missing of settings, or not offered.
func (s *Settings) check() error {
	switch {
	case s.ConcurrentBuildLimit != nil && *s.ConcurrentBuildLimit == 0:
		return Invalid("concurrentBuildLimit must be at least 1")
	case s.Source == nil || s.Artifacts == nil || s.Environment == nil || Val(s.ServiceRole) == "":
		return Invalid("a project needs source, artifacts, environment and serviceRole")
	case len(s.SecondarySources) > maxSecondary || len(s.SecondaryArtifacts) > maxSecondary || len(s.SecondarySourceVersions) > maxSecondary:
		return Invalid("a project has at most %d secondary sources, versions of them, and secondary artifacts", maxSecondary)
	case s.VpcConfig != nil:
		return Invalid("vpcConfig: builds run on the machine of the server, in its network; leave it out")
	case s.FileSystemLocations != nil:
		return Invalid("fileSystemLocations: there are no file systems of EFS; leave it out")
	case s.BuildBatchConfig != nil:
		return Invalid("buildBatchConfig: dari does not run batches of builds; leave it out")
	case Val(s.AutoRetryLimit) > 0:
		return Invalid("autoRetryLimit: dari does not start failed builds again; leave it out, or see on-failure: RETRY of a buildspec")
	case (s.Source.Type == "CODEPIPELINE") != (s.Artifacts.Type == "CODEPIPELINE"):
		return Invalid("when using CodePipeline both sourceType, and artifactType must be set to: CODEPIPELINE")
	case s.Source.Type == "CODEPIPELINE":
		return Invalid("there are no pipelines that sources could come from: use another source.type")
	}
	return nil
}

// SourceTypes are what sources may be.
var SourceTypes = []string{"CODECOMMIT", "CODEPIPELINE", "GITHUB", "GITLAB", "GITLAB_SELF_MANAGED", "S3", "BITBUCKET", "GITHUB_ENTERPRISE", "NO_SOURCE"}

// oneOf says what is wrong with a member that has other values than these.
func oneOf(member, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	return Invalid("%s is %.100q; it is one of %s", member, value, strings.Join(values, ", "))
}

func refuseNone(raw json.RawMessage) json.RawMessage {
	if said(raw) {
		return raw
	}
	return nil
}

var identifier = regexp.MustCompile(`^[A-Za-z0-9_]{1,127}$`)

func checkIdentifier(id string) error {
	if !identifier.MatchString(id) {
		return Invalid("identifier must contain only alphanumeric characters and underscores and be less than 128 characters in length")
	}
	return nil
}

func (s *Source) check(secondary bool) error {
	if secondary {
		if err := checkIdentifier(s.SourceIdentifier); err != nil {
			return err
		}
	}
	if err := oneOf("source.type", s.Type, SourceTypes...); err != nil {
		return err
	}
	switch {
	case s.Type == "NO_SOURCE" && secondary:
		return Invalid("a secondary source has a type other than NO_SOURCE")
	case s.Type == "NO_SOURCE" && s.Location != "":
		return Invalid("location must not be set for source type NO_SOURCE")
	case s.Type == "NO_SOURCE" && s.Buildspec == "":
		return Invalid("source type NO_SOURCE needs a buildspec, which is its text")
	case s.Type != "NO_SOURCE" && s.Location == "":
		return Invalid("source type %s needs a location", s.Type)
	case said(s.Auth):
		return Invalid("source.auth: dari has no credentials for sources; leave it out")
	case s.GitSubmodulesConfig != nil && s.GitSubmodulesConfig.FetchSubmodules:
		return Invalid("gitSubmodulesConfig: submodules are not fetched; have a command fetch them")
	case s.InsecureSsl:
		return Invalid("insecureSsl: certificates are always looked at")
	case strings.Contains(s.Location, "@") && strings.Contains(s.Location, "://"):
		return Invalid("source.location must not hold credentials: everybody who sees the project would see them")
	}
	s.Auth = nil
	return nil
}

func (l *LogsConfig) check() error {
	if l == nil {
		return nil
	}
	if c := l.CloudWatchLogs; c != nil {
		if err := oneOf("logsConfig.cloudWatchLogs.status", c.Status, "ENABLED", "DISABLED"); err != nil {
			return err
		}
	}
	if l.S3Logs != nil && l.S3Logs.Status != "DISABLED" {
		return Invalid("logsConfig.s3Logs: logs are not written to S3; they are in CloudWatch Logs")
	}
	return nil
}

func (a *Artifacts) complete(project string, secondary bool) error {
	if secondary {
		if err := checkIdentifier(a.ArtifactIdentifier); err != nil {
			return err
		}
	}
	if a.Type == "NO_ARTIFACTS" && !secondary {
		return nil
	}
	if a.Type != "S3" {
		return Invalid("artifacts of type %s are not offered here: use S3", a.Type)
	}
	if a.Location == "" {
		return Invalid("artifacts of type S3 need a location, which is a bucket")
	}
	a.Name, a.NamespaceType, a.Packaging = cmp.Or(a.Name, project), cmp.Or(a.NamespaceType, "NONE"), cmp.Or(a.Packaging, "NONE")
	if err := oneOf("artifacts.namespaceType", a.NamespaceType, "NONE", "BUILD_ID"); err != nil {
		return err
	}
	return oneOf("artifacts.packaging", a.Packaging, "NONE", "ZIP")
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (e *Environment) complete() error {
	e.ImagePullCredentialsType = cmp.Or(e.ImagePullCredentialsType, "CODEBUILD")
	switch {
	case strings.HasPrefix(e.Type, "WINDOWS") || strings.HasPrefix(e.Type, "MAC"):
		return Invalid("environment.type %s: builds run on the machine of the server, which is Linux", e.Type)
	case said(e.Fleet) || said(e.ComputeConfiguration) || said(e.DockerServer):
		return Invalid("environment: there are no fleets, machines to choose and Docker servers; leave fleet, computeConfiguration and dockerServer out")
	case said(e.RegistryCredential):
		return Invalid("environment.registryCredential: no image is fetched; leave it out")
	case len(e.EnvironmentVariables) > maxVariables:
		return Invalid("at most %d environment variables", maxVariables)
	}
	e.Fleet, e.ComputeConfiguration, e.DockerServer, e.RegistryCredential = nil, nil, nil, nil
	e.EnvironmentVariables = slices.Clone(e.EnvironmentVariables)
	size := 0
	for i := range e.EnvironmentVariables {
		v := &e.EnvironmentVariables[i]
		switch v.Type = cmp.Or(v.Type, "PLAINTEXT"); {
		case v.Type != "PLAINTEXT":
			return Invalid("the environment variable %s is of type %s: dari has no Parameter Store and no Secrets Manager; use PLAINTEXT", v.Name, v.Type)
		case !variableName.MatchString(v.Name) || strings.ContainsRune(v.Value, 0):
			return Invalid("environment variable %.100q: a name has letters, digits and _, and a value no NUL", v.Name)
		}
		if size += len(v.Name) + len(v.Value); size > maxText {
			return Invalid("the environment variables have more than %d bytes", maxText)
		}
	}
	return nil
}

// Memory is what a build may use, by its compute type.
func (e *Environment) Memory() int64 {
	gigabytes := map[string]int64{
		"BUILD_GENERAL1_MEDIUM": 8, "BUILD_GENERAL1_LARGE": 16, "BUILD_GENERAL1_XLARGE": 72, "BUILD_GENERAL1_2XLARGE": 144,
		"BUILD_LAMBDA_1GB": 1, "BUILD_LAMBDA_2GB": 2, "BUILD_LAMBDA_8GB": 8, "BUILD_LAMBDA_10GB": 10,
	}[e.ComputeType]
	return cmp.Or(gigabytes, 4) << 30
}
