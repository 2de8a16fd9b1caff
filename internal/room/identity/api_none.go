package identity

import (
	"context"

	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/room/identity/spell"
	"github.com/dari-bus/dari/internal/wire"
)

// nothing are the rows of what users cannot have here. Whoever asks for it, as those do
// who clean up before they delete a user, is told that there is none.
func (a api) nothing() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteLoginProfile", a.DeleteLoginProfile),
		wire.Op("GetLoginProfile", a.GetLoginProfile).Reads(),
		wire.Op("ListMFADevices", none[ListMFADevicesOutput](a, "ListMFADevices")).Reads(),
		wire.Op("ListSSHPublicKeys", none[ListSSHPublicKeysOutput](a, "ListSSHPublicKeys")).Reads(),
		wire.Op("ListServiceSpecificCredentials", a.ListServiceSpecificCredentials).Reads(),
		wire.Op("ListSigningCertificates", none[ListSigningCertificatesOutput](a, "ListSigningCertificates")).Reads(),
		wire.Op("ListVirtualMFADevices", a.ListVirtualMFADevices).Reads(),
	}
}

// MaybeUserPage asks for a page of what a user has.
type MaybeUserPage struct {
	MaybeUser
	spell.Page
}

// none is the function of the rows that list what a user cannot have.
func none[Out any](a api, action string) func(context.Context, *MaybeUserPage) (*Out, error) {
	return func(ctx context.Context, in *MaybeUserPage) (*Out, error) {
		_, err := a.ofUser(ctx, in.MaybeUser, action)
		return new(Out), err
	}
}

// ofUser returns the name of the user that is meant, if it is there and the caller may
// do an action with it.
func (a api) ofUser(ctx context.Context, who MaybeUser, action string) (string, error) {
	name, err := who.named(ctx)
	if err != nil {
		return "", err
	}
	e, err := a.Get(spell.Caller(ctx), action, directory.User, name)
	if err != nil {
		return "", err
	}
	return e.Name, nil
}

// LoginProfile is a structure of IAM.
type LoginProfile struct {
	UserName              string
	CreateDate            wire.Time
	PasswordResetRequired bool
}

// GetLoginProfileOutput is the output of GetLoginProfile.
type GetLoginProfileOutput struct{ LoginProfile *LoginProfile }

// noProfile is what is said of the password of a user, which no user has.
func (a api) noProfile(ctx context.Context, who MaybeUser, action string) error {
	name, err := a.ofUser(ctx, who, action)
	if err != nil {
		return err
	}
	return fault.NotFound("Login Profile for User %s cannot be found.", name).WithCode("NoSuchEntity")
}

// GetLoginProfile says that a user has no password.
func (a api) GetLoginProfile(ctx context.Context, in *MaybeUser) (*GetLoginProfileOutput, error) {
	return nil, a.noProfile(ctx, *in, "GetLoginProfile")
}

// DeleteLoginProfile says that a user has no password.
func (a api) DeleteLoginProfile(ctx context.Context, in *MaybeUser) (*wire.None, error) {
	return nil, a.noProfile(ctx, *in, "DeleteLoginProfile")
}

// MFADevice is a structure of IAM.
type MFADevice struct {
	UserName, SerialNumber string
	EnableDate             wire.Time
}

// ListMFADevicesOutput is the output of ListMFADevices.
type ListMFADevicesOutput struct {
	MFADevices []MFADevice `empty:"kept"`
	spell.Listed
}

// SSHPublicKeyMetadata is a structure of IAM.
type SSHPublicKeyMetadata struct {
	UserName, SSHPublicKeyId, Status string
	UploadDate                       wire.Time
}

// ListSSHPublicKeysOutput is the output of ListSSHPublicKeys.
type ListSSHPublicKeysOutput struct {
	SSHPublicKeys []SSHPublicKeyMetadata `empty:"kept"`
	spell.Listed
}

// SigningCertificate is a structure of IAM.
type SigningCertificate struct {
	UserName, CertificateId, CertificateBody, Status string
	UploadDate                                       wire.Time
}

// ListSigningCertificatesOutput is the output of ListSigningCertificates.
type ListSigningCertificatesOutput struct {
	Certificates []SigningCertificate `empty:"kept"`
	spell.Listed
}

// ListServiceSpecificCredentialsInput is the input of ListServiceSpecificCredentials.
type ListServiceSpecificCredentialsInput struct {
	MaybeUser
	ServiceName *string
	AllUsers    *bool
	spell.Page
}

// ServiceSpecificCredentialMetadata is a structure of IAM.
type ServiceSpecificCredentialMetadata struct {
	UserName, Status, ServiceUserName, ServiceCredentialAlias string
	ServiceSpecificCredentialId, ServiceName                  string
	CreateDate, ExpirationDate                                wire.Time
}

// ListServiceSpecificCredentialsOutput is the output of ListServiceSpecificCredentials.
type ListServiceSpecificCredentialsOutput struct {
	ServiceSpecificCredentials []ServiceSpecificCredentialMetadata `empty:"kept"`
	spell.Listed
}

// ListServiceSpecificCredentials lists the passwords that users have for services: none.
func (a api) ListServiceSpecificCredentials(ctx context.Context, in *ListServiceSpecificCredentialsInput) (*ListServiceSpecificCredentialsOutput, error) {
	const action = "ListServiceSpecificCredentials"
	if wire.Val(in.AllUsers) {
		return &ListServiceSpecificCredentialsOutput{}, a.Ask(spell.Caller(ctx), "iam:"+action, "*", nil)
	}
	_, err := a.ofUser(ctx, in.MaybeUser, action)
	return &ListServiceSpecificCredentialsOutput{}, err
}

// ListVirtualMFADevicesInput is the input of ListVirtualMFADevices.
type ListVirtualMFADevicesInput struct {
	AssignmentStatus *string
	spell.Page
}

// VirtualMFADevice is a structure of IAM.
type VirtualMFADevice struct {
	SerialNumber     string
	Base32StringSeed []byte `json:",omitempty"`
	QRCodePNG        []byte `json:",omitempty"`
	User             *UserDetail
	EnableDate       wire.Time
	Tags             []spell.Tag `json:",omitempty"`
}

// ListVirtualMFADevicesOutput is the output of ListVirtualMFADevices.
type ListVirtualMFADevicesOutput struct {
	VirtualMFADevices []VirtualMFADevice `empty:"kept"`
	spell.Listed
}

// ListVirtualMFADevices lists the second factors of an account: none.
func (a api) ListVirtualMFADevices(ctx context.Context, _ *ListVirtualMFADevicesInput) (*ListVirtualMFADevicesOutput, error) {
	return &ListVirtualMFADevicesOutput{}, a.Ask(spell.Caller(ctx), "iam:ListVirtualMFADevices", "*", nil)
}
