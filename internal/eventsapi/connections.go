package eventsapi

import (
	"context"

	"github.com/dari-bus/dari/internal/destination"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/wire"
)

func (a *api) connections() []wire.Operation {
	return []wire.Operation{
		wire.Op("CreateConnection", a.CreateConnection),
		wire.Op("DeauthorizeConnection", a.DeauthorizeConnection),
		wire.Op("DeleteConnection", a.DeleteConnection),
		wire.Op("DescribeConnection", a.DescribeConnection).Reads(),
		wire.Op("ListConnections", a.ListConnections).Reads(),
		wire.Op("UpdateConnection", a.UpdateConnection),
	}
}

// CreateConnectionInput is the input of CreateConnection.
type CreateConnectionInput struct {
	Name                             *string
	Description                      *string
	AuthorizationType                *string
	AuthParameters                   *CreateConnectionAuthRequestParameters
	InvocationConnectivityParameters *ConnectivityResourceParameters
	KmsKeyIdentifier                 *string
}

// CreateConnectionOutput is the output of CreateConnection.
type CreateConnectionOutput struct {
	ConnectionArn    string
	ConnectionState  string
	CreationTime     wire.Time
	LastModifiedTime wire.Time
}

// CreateConnection makes a connection.
func (a *api) CreateConnection(ctx context.Context, in *CreateConnectionInput) (*CreateConnectionOutput, error) {
	if err := refusePrivate(in.InvocationConnectivityParameters, in.AuthParameters.ConnectivityParameters); err != nil {
		return nil, err
	}
	c, err := a.destinations.CreateConnection(ctx, caller(ctx), destination.NewConnection{
		Name: wire.Val(in.Name), Description: wire.Val(in.Description), KMSKey: wire.Val(in.KmsKeyIdentifier),
		Type: destination.AuthType(wire.Val(in.AuthorizationType)), Auth: in.AuthParameters.in(),
	})
	if err != nil {
		return nil, err
	}
	return &CreateConnectionOutput{
		ConnectionArn: c.ARN, ConnectionState: string(c.State),
		CreationTime: at(c.Created), LastModifiedTime: at(c.Modified),
	}, nil
}

// refusePrivate says that connections reach what this server reaches, and no
// private network of AWS.
func refusePrivate(invocation, authorization *ConnectivityResourceParameters) error {
	const reason = "Parameter %s is not valid. Reason: dari does not offer private connectivity through VPC Lattice. " +
		"It calls endpoints from its own network; leave the parameter out."
	switch {
	case invocation != nil:
		return fault.Invalid(reason, "InvocationConnectivityParameters")
	case authorization != nil:
		return fault.Invalid(reason, "ConnectivityParameters")
	}
	return nil
}

// ConnectionChangeOutput is the output of the operations that change a
// connection or remove it.
type ConnectionChangeOutput struct {
	ConnectionArn      string
	ConnectionState    string
	CreationTime       wire.Time
	LastModifiedTime   wire.Time
	LastAuthorizedTime wire.Time `json:",omitzero"`
}

func changed(c destination.Connection, err error) (*ConnectionChangeOutput, error) {
	if err != nil {
		return nil, err
	}
	return &ConnectionChangeOutput{
		ConnectionArn: c.ARN, ConnectionState: string(c.State),
		CreationTime: at(c.Created), LastModifiedTime: at(c.Modified), LastAuthorizedTime: at(c.Authorized),
	}, nil
}

// DeauthorizeConnectionInput is the input of DeauthorizeConnection.
type DeauthorizeConnectionInput struct {
	Name *string
}

// DeauthorizeConnection forgets what a connection authorizes with.
func (a *api) DeauthorizeConnection(ctx context.Context, in *DeauthorizeConnectionInput) (*ConnectionChangeOutput, error) {
	return changed(a.destinations.DeauthorizeConnection(ctx, caller(ctx), wire.Val(in.Name)))
}

// DeleteConnectionInput is the input of DeleteConnection.
type DeleteConnectionInput struct {
	Name *string
}

// DeleteConnection removes a connection. The answer says DELETING, as on AWS,
// and it is gone already.
func (a *api) DeleteConnection(ctx context.Context, in *DeleteConnectionInput) (*ConnectionChangeOutput, error) {
	return changed(a.destinations.DeleteConnection(ctx, caller(ctx), wire.Val(in.Name)))
}

// UpdateConnectionInput is the input of UpdateConnection.
type UpdateConnectionInput struct {
	Name                             *string
	Description                      *string
	AuthorizationType                *string
	AuthParameters                   *UpdateConnectionAuthRequestParameters
	InvocationConnectivityParameters *ConnectivityResourceParameters
	KmsKeyIdentifier                 *string
}

// UpdateConnection changes what is given of a connection.
func (a *api) UpdateConnection(ctx context.Context, in *UpdateConnectionInput) (*ConnectionChangeOutput, error) {
	change := destination.ConnectionChange{
		Description: in.Description, KMSKey: in.KmsKeyIdentifier, Type: destination.AuthType(wire.Val(in.AuthorizationType)),
	}
	var private *ConnectivityResourceParameters
	if p := in.AuthParameters; p != nil {
		private = p.ConnectivityParameters
		auth := p.in()
		change.Auth = &auth
	}
	if err := refusePrivate(in.InvocationConnectivityParameters, private); err != nil {
		return nil, err
	}
	return changed(a.destinations.UpdateConnection(ctx, caller(ctx), wire.Val(in.Name), change))
}

// DescribeConnectionInput is the input of DescribeConnection.
type DescribeConnectionInput struct {
	Name *string
}

// DescribeConnectionOutput is the output of DescribeConnection.
type DescribeConnectionOutput struct {
	ConnectionArn      string
	Name               string
	Description        string `json:",omitempty"`
	ConnectionState    string
	StateReason        string `json:",omitempty"`
	AuthorizationType  string
	SecretArn          string
	KmsKeyIdentifier   string                            `json:",omitempty"`
	AuthParameters     *ConnectionAuthResponseParameters `json:",omitempty"`
	CreationTime       wire.Time
	LastModifiedTime   wire.Time
	LastAuthorizedTime wire.Time `json:",omitzero"`
}

// DescribeConnection returns a connection without its secrets.
func (a *api) DescribeConnection(ctx context.Context, in *DescribeConnectionInput) (*DescribeConnectionOutput, error) {
	c, err := a.destinations.DescribeConnection(caller(ctx), wire.Val(in.Name))
	if err != nil {
		return nil, err
	}
	return &DescribeConnectionOutput{
		ConnectionArn: c.ARN, Name: c.Name, Description: c.Description,
		ConnectionState: string(c.State), StateReason: c.StateReason,
		AuthorizationType: string(c.Type), SecretArn: c.SecretARN, KmsKeyIdentifier: c.KMSKey,
		AuthParameters: authOut(c.Auth),
		CreationTime:   at(c.Created), LastModifiedTime: at(c.Modified), LastAuthorizedTime: at(c.Authorized),
	}, nil
}

// ListConnectionsInput is the input of ListConnections.
type ListConnectionsInput struct {
	NamePrefix      *string
	ConnectionState *string
	NextToken       *string
	Limit           *int
}

// ListConnectionsOutput is the output of ListConnections.
type ListConnectionsOutput struct {
	Connections []Connection `empty:"kept"`
	NextToken   string       `json:",omitempty"`
}

// A Connection is a row of ListConnections.
type Connection struct {
	ConnectionArn      string
	Name               string
	ConnectionState    string
	StateReason        string `json:",omitempty"`
	AuthorizationType  string
	CreationTime       wire.Time
	LastModifiedTime   wire.Time
	LastAuthorizedTime wire.Time `json:",omitzero"`
}

// ListConnections returns connections by name.
func (a *api) ListConnections(ctx context.Context, in *ListConnectionsInput) (*ListConnectionsOutput, error) {
	filter := destination.ConnectionFilter{Prefix: wire.Val(in.NamePrefix), State: destination.ConnectionState(wire.Val(in.ConnectionState))}
	rows, next, err := a.destinations.ListConnections(caller(ctx), filter, wire.Val(in.NextToken), wire.Val(in.Limit))
	if err != nil {
		return nil, err
	}
	out := &ListConnectionsOutput{NextToken: next}
	for _, c := range rows {
		out.Connections = append(out.Connections, Connection{
			ConnectionArn: c.ARN, Name: c.Name, ConnectionState: string(c.State), StateReason: c.StateReason,
			AuthorizationType: string(c.Type),
			CreationTime:      at(c.Created), LastModifiedTime: at(c.Modified), LastAuthorizedTime: at(c.Authorized),
		})
	}
	return out, nil
}
