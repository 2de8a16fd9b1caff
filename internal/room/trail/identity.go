package trail

import (
	"strings"

	"github.com/dari-bus/dari/internal/access"
)

// A UserIdentity says who called.
type UserIdentity struct {
	Type           string          `json:"type"`
	PrincipalID    string          `json:"principalId,omitempty"`
	ARN            string          `json:"arn,omitempty"`
	AccountID      string          `json:"accountId,omitempty"`
	AccessKeyID    string          `json:"accessKeyId,omitempty"`
	UserName       string          `json:"userName,omitempty"`
	SessionContext *SessionContext `json:"sessionContext,omitempty"`
	InvokedBy      string          `json:"invokedBy,omitempty"`
}

// A SessionContext says whose session it is, and since when.
type SessionContext struct {
	SessionIssuer  *SessionIssuer    `json:"sessionIssuer,omitempty"`
	Attributes     SessionAttributes `json:"attributes"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
}

// A SessionIssuer is the role that a session is one of.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// SessionAttributes are those of temporary credentials.
type SessionAttributes struct {
	CreationDate     string `json:"creationDate"`
	MFAAuthenticated string `json:"mfaAuthenticated"`
}

// identityOf says who a caller is in the records of its own account.
func identityOf(c *access.Caller) UserIdentity {
	if c.Service != "" {
		return UserIdentity{Type: "AWSService", InvokedBy: c.Service}
	}
	u := UserIdentity{Type: "Root", PrincipalID: c.Account, ARN: c.Principal, AccountID: c.Account, AccessKeyID: c.KeyID}
	id := c.Identity
	if id == nil {
		return u
	}
	u.Type, u.PrincipalID, u.UserName = "IAMUser", id.ID, id.User
	if !id.Temporary {
		return u
	}
	u.SessionContext = &SessionContext{
		Attributes:     SessionAttributes{CreationDate: id.Issued.UTC().Format(timeLayout), MFAAuthenticated: "false"},
		SourceIdentity: id.Source,
	}
	if id.Role != "" {
		u.Type = "AssumedRole"
		role, _, _ := strings.Cut(id.ID, ":")
		u.SessionContext.SessionIssuer = &SessionIssuer{
			Type: "Role", PrincipalID: role, ARN: id.Role, AccountID: c.Account,
			UserName: id.Role[strings.LastIndexByte(id.Role, '/')+1:],
		}
	}
	return u
}

// name is what the event history has the caller under.
func (u *UserIdentity) name() string {
	switch u.Type {
	case "Root":
		return "root"
	case "AssumedRole":
		_, session, _ := strings.Cut(u.PrincipalID, ":")
		return session
	}
	return u.UserName
}
