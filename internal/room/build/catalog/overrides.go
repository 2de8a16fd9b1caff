package catalog

import (
	"encoding/json"
	"slices"
)

// Overrides are the settings that a build may have of its own.
type Overrides struct {
	SourceVersion            *string         `json:"sourceVersion"`
	SecondarySources         []Source        `json:"secondarySourcesOverride"`
	SecondarySourcesVersion  []SourceVersion `json:"secondarySourcesVersionOverride"`
	SourceTypeOverride       *string         `json:"sourceTypeOverride"`
	SourceLocation           *string         `json:"sourceLocationOverride"`
	SourceAuth               json.RawMessage `json:"sourceAuthOverride"`
	GitCloneDepth            *int            `json:"gitCloneDepthOverride"`
	Submodules               *Submodules     `json:"gitSubmodulesConfigOverride"`
	Buildspec                *string         `json:"buildspecOverride"`
	InsecureSsl              *bool           `json:"insecureSslOverride"` // CodeBuild's spelling.
	ReportBuildStatus        *bool           `json:"reportBuildStatusOverride"`
	BuildStatusConfig        json.RawMessage `json:"buildStatusConfigOverride"`
	EnvironmentVariables     []Variable      `json:"environmentVariablesOverride"`
	EnvironmentType          *string         `json:"environmentTypeOverride"`
	Image                    *string         `json:"imageOverride"`
	ComputeType              *string         `json:"computeTypeOverride"`
	Certificate              *string         `json:"certificateOverride"`
	PrivilegedMode           *bool           `json:"privilegedModeOverride"`
	ImagePullCredentialsType *string         `json:"imagePullCredentialsTypeOverride"`
	RegistryCredential       json.RawMessage `json:"registryCredentialOverride"`
	Fleet                    json.RawMessage `json:"fleetOverride"`
	Cache                    *Cache          `json:"cacheOverride"`
	ServiceRoleOverride      *string         `json:"serviceRoleOverride"`
	Artifacts                *Artifacts      `json:"artifactsOverride"`
	SecondaryArtifacts       []Artifacts     `json:"secondaryArtifactsOverride"`
	TimeoutInMinutesOverride *int            `json:"timeoutInMinutesOverride"`
	QueuedTimeoutOverride    *int            `json:"queuedTimeoutInMinutesOverride"`
	EncryptionKey            *string         `json:"encryptionKeyOverride"`
	LogsConfig               *LogsConfig     `json:"logsConfigOverride"`
	AutoRetryLimit           *int            `json:"autoRetryLimitOverride"`
}

// set puts what is there in the place of a setting.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func setRaw(to *json.RawMessage, from json.RawMessage) {
	if from != nil {
		*to = from
	}
}

// Apply returns settings with the overrides. What the settings point to stays as it is.
func (o *Overrides) Apply(s Settings) Settings {
	s = s.Merge(Settings{
		SourceVersion: o.SourceVersion, SecondarySources: o.SecondarySources, SecondarySourceVersions: o.SecondarySourcesVersion,
		Cache: o.Cache, ServiceRole: o.ServiceRoleOverride, Artifacts: o.Artifacts, SecondaryArtifacts: o.SecondaryArtifacts,
		TimeoutInMinutes: o.TimeoutInMinutesOverride, QueuedTimeoutInMinutes: o.QueuedTimeoutOverride, EncryptionKey: o.EncryptionKey,
		LogsConfig: o.LogsConfig, AutoRetryLimit: o.AutoRetryLimit,
	})
	source, env := *s.Source, *s.Environment
	set(&source.Type, o.SourceTypeOverride)
	set(&source.Location, o.SourceLocation)
	if source.Type == "NO_SOURCE" && o.SourceTypeOverride != nil {
		source.Location = Val(o.SourceLocation)
	}
	set(&source.Buildspec, o.Buildspec)
	set(&source.InsecureSsl, o.InsecureSsl)
	set(&source.ReportBuildStatus, o.ReportBuildStatus)
	setRaw(&source.Auth, o.SourceAuth)
	setRaw(&source.BuildStatusConfig, o.BuildStatusConfig)
	if o.GitCloneDepth != nil {
		source.GitCloneDepth = o.GitCloneDepth
	}
	if o.Submodules != nil {
		source.GitSubmodulesConfig = o.Submodules
	}
	set(&env.Type, o.EnvironmentType)
	set(&env.Image, o.Image)
	set(&env.ComputeType, o.ComputeType)
	set(&env.Certificate, o.Certificate)
	set(&env.PrivilegedMode, o.PrivilegedMode)
	set(&env.ImagePullCredentialsType, o.ImagePullCredentialsType)
	setRaw(&env.RegistryCredential, o.RegistryCredential)
	setRaw(&env.Fleet, o.Fleet)
	env.EnvironmentVariables = override(env.EnvironmentVariables, o.EnvironmentVariables)
	s.Source, s.Environment = &source, &env
	return s
}

// override returns variables with those of others, which count where a name is in both.
func override(all, others []Variable) []Variable {
	all = slices.Clone(all)
	for _, o := range others {
		if i := slices.IndexFunc(all, func(v Variable) bool { return v.Name == o.Name }); i >= 0 {
			all[i] = o
		} else {
			all = append(all, o)
		}
	}
	return all
}
