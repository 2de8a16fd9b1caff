package identity

import (
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// BoundaryDetail is a structure of IAM.
type BoundaryDetail struct {
	PermissionsBoundaryType string `json:",omitempty"`
	PermissionsBoundaryArn  string `json:",omitempty"`
}

// RoleLastUsed is a structure of IAM.
type RoleLastUsed struct {
	LastUsedDate wire.Time `json:",omitempty"`
	Region       string    `json:",omitempty"`
}

// RoleDetail is a structure of IAM.
type RoleDetail struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               wire.Time
	AssumeRolePolicyDocument string `json:",omitempty"`
	Description              string `json:",omitempty"`
	MaxSessionDuration       int
	PermissionsBoundary      *BoundaryDetail
	Tags                     []spell.Tag `json:",omitempty"`
	RoleLastUsed             *RoleLastUsed
}

// AttachedPolicy is a structure of IAM.
type AttachedPolicy struct {
	PolicyName string `json:",omitempty"`
	PolicyArn  string `json:",omitempty"`
}

// PolicyDetail is a structure of IAM.
type PolicyDetail struct {
	PolicyName                    string `json:",omitempty"`
	PolicyId                      string `json:",omitempty"`
	Arn                           string `json:",omitempty"`
	Path                          string `json:",omitempty"`
	DefaultVersionId              string `json:",omitempty"`
	AttachmentCount               int
	PermissionsBoundaryUsageCount int
	IsAttachable                  bool
	Description                   string      `json:",omitempty"`
	CreateDate                    wire.Time   `json:",omitempty"`
	UpdateDate                    wire.Time   `json:",omitempty"`
	Tags                          []spell.Tag `json:",omitempty"`
}

// VersionDetail is a structure of IAM.
type VersionDetail struct {
	Document         string `json:",omitempty"`
	VersionId        string `json:",omitempty"`
	IsDefaultVersion bool
	CreateDate       wire.Time `json:",omitempty"`
}

// PolicyGroup is a structure of IAM.
type PolicyGroup struct {
	GroupName string `json:",omitempty"`
	GroupId   string `json:",omitempty"`
}

// PolicyUser is a structure of IAM.
type PolicyUser struct {
	UserName string `json:",omitempty"`
	UserId   string `json:",omitempty"`
}

// PolicyRole is a structure of IAM.
type PolicyRole struct {
	RoleName string `json:",omitempty"`
	RoleId   string `json:",omitempty"`
}

// ProfileDetail is a structure of IAM.
type ProfileDetail struct {
	Path                string
	InstanceProfileName string
	InstanceProfileId   string
	Arn                 string
	CreateDate          wire.Time
	Roles               []RoleDetail `empty:"kept"`
	Tags                []spell.Tag  `json:",omitempty"`
}

// UserDetail is a structure of IAM.
type UserDetail struct {
	Path                string
	UserName            string
	UserId              string
	Arn                 string
	CreateDate          wire.Time
	PasswordLastUsed    wire.Time `json:",omitempty"`
	PermissionsBoundary *BoundaryDetail
	Tags                []spell.Tag `json:",omitempty"`
}

// GroupDetail is a structure of IAM.
type GroupDetail struct {
	Path       string
	GroupName  string
	GroupId    string
	Arn        string
	CreateDate wire.Time
}

// AccessKey is a structure of IAM.
type AccessKey struct {
	UserName        string
	AccessKeyId     string
	Status          string
	SecretAccessKey string    `trail:"hidden"`
	CreateDate      wire.Time `json:",omitempty"`
}

// AccessKeyMetadata is a structure of IAM.
type AccessKeyMetadata struct {
	UserName    string    `json:",omitempty"`
	AccessKeyId string    `json:",omitempty"`
	Status      string    `json:",omitempty"`
	CreateDate  wire.Time `json:",omitempty"`
}
