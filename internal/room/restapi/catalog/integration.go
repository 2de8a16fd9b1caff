package catalog

import (
	"context"
	"strings"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/arn"
	"github.com/dari-bus/dari/internal/fault"
	"github.com/dari-bus/dari/internal/room/restapi/definition"
	"github.com/dari-bus/dari/internal/room/restapi/patch"
	"github.com/dari-bus/dari/internal/store"
)

var errNoIntegration = fault.NotFound("Invalid Integration identifier specified")

// Integration returns the integration of a method.
func (c *Catalog) Integration(by access.Caller, at At) (*definition.Integration, error) {
	if err := c.Allow(by, "GET", at.path()+"/integration"); err != nil {
		return nil, err
	}
	return c.integration(by, at)
}

func (c *Catalog) integration(by access.Caller, at At) (*definition.Integration, error) {
	m, err := c.method(by, at)
	if err != nil {
		return nil, err
	}
	if m.Integration == nil {
		return nil, errNoIntegration
	}
	return m.Integration, nil
}

// PutIntegration makes the integration of a method, in the place of the one that it has.
func (c *Catalog) PutIntegration(ctx context.Context, by access.Caller, at At, i *definition.Integration) error {
	if err := c.Allow(by, "PUT", at.path()+"/integration"); err != nil {
		return err
	}
	if err := definition.CheckRequestMappings(i.Parameters); err != nil {
		return err
	}
	i.Complete(at.Resource)
	_, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		m.Integration = i
		return c.checkIntegration(by, m, "")
	})
	return err
}

// checkIntegration says what is wrong with the integration of a method. Credentials
// other than those that it had must be a role that the caller may pass.
func (c *Catalog) checkIntegration(by access.Caller, m *definition.Method, had string) error {
	if err := m.CheckIntegration(); err != nil {
		return err
	}
	i := m.Integration
	if i.Credentials == "" || i.Credentials == had || i.Credentials == callersOwn(by) {
		return nil
	}
	return c.passes(by, i.Credentials)
}

// callersOwn stands for the credentials of whoever calls the API.
func callersOwn(by access.Caller) string { return "arn:" + arn.Partition(by.Region) + ":iam::*:user/*" }

// passes asks whether a caller may have API Gateway act with a role.
func (c *Catalog) passes(by access.Caller, role string) error {
	r, err := arn.Parse(role)
	if err != nil || r.Service != "iam" || !strings.HasPrefix(r.Resource, "role/") {
		return fault.Invalid("Invalid ARN specified in the request: %.200q is not the ARN of a role", role)
	}
	if r.Account != by.Account {
		return fault.Denied("Cross-account pass role is not allowed.").WithCode("AccessDeniedException")
	}
	ask := access.Own(by, "iam:PassRole", role)
	ask.Keys = map[string][]string{"iam:PassedToService": {Principal}}
	return c.opt.Guard.Allow(ask)
}

// UpdateIntegration changes the integration of a method.
func (c *Catalog) UpdateIntegration(ctx context.Context, by access.Caller, at At, ops []patch.Operation) (*definition.Integration, error) {
	if err := c.Allow(by, "PATCH", at.path()+"/integration"); err != nil {
		return nil, err
	}
	if err := definition.CheckRequestChanges(ops); err != nil {
		return nil, err
	}
	m, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if m.Integration == nil {
			return errNoIntegration
		}
		had := m.Integration.Credentials
		if err := m.Integration.Change(ops); err != nil {
			return err
		}
		return c.checkIntegration(by, m, had)
	})
	if err != nil {
		return nil, err
	}
	return m.Integration, nil
}

// DeleteIntegration takes the integration from a method.
func (c *Catalog) DeleteIntegration(ctx context.Context, by access.Caller, at At) error {
	if err := c.Allow(by, "DELETE", at.path()+"/integration"); err != nil {
		return err
	}
	_, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if m.Integration == nil {
			return errNoIntegration
		}
		m.Integration = nil
		return nil
	}, store.Draining)
	return err
}

// IntegrationResponse returns what makes the answers with a status.
func (c *Catalog) IntegrationResponse(by access.Caller, at At, status string) (*definition.IntegrationResponse, error) {
	if err := c.Allow(by, "GET", at.path()+"/integration/responses/"+status); err != nil {
		return nil, err
	}
	i, err := c.integration(by, at)
	if err != nil {
		return nil, err
	}
	if r := i.Responses[status]; r != nil {
		return r, nil
	}
	return nil, definition.ErrNoResponse
}

// PutIntegrationResponse says what makes the answers with a status.
func (c *Catalog) PutIntegrationResponse(ctx context.Context, by access.Caller, at At, status string, r *definition.IntegrationResponse) error {
	if err := c.Allow(by, "PUT", at.path()+"/integration/responses/"+status); err != nil {
		return err
	}
	if err := definition.CheckResponseMappings(r.Parameters, r.Selection); err != nil {
		return err
	}
	return c.changeAnswers(ctx, by, at, func(m *definition.Method) error {
		if m.Integration.Responses == nil {
			m.Integration.Responses = map[string]*definition.IntegrationResponse{}
		}
		m.Integration.Responses[status] = r
		return m.CheckAnswer(status, r)
	})
}

// changeAnswers changes what answers the integration of a method makes.
func (c *Catalog) changeAnswers(ctx context.Context, by access.Caller, at At, fn func(*definition.Method) error, opts ...store.Option) error {
	_, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if m.Integration == nil {
			return errNoIntegration
		}
		return fn(m)
	}, opts...)
	return err
}

// UpdateIntegrationResponse changes what makes the answers with a status.
func (c *Catalog) UpdateIntegrationResponse(ctx context.Context, by access.Caller, at At, status string, ops []patch.Operation) (r *definition.IntegrationResponse, err error) {
	if err := c.Allow(by, "PATCH", at.path()+"/integration/responses/"+status); err != nil {
		return nil, err
	}
	if err := definition.CheckResponseChanges(ops); err != nil {
		return nil, err
	}
	return r, c.changeAnswers(ctx, by, at, func(m *definition.Method) error {
		old := m.Integration.Responses[status]
		if old == nil {
			return definition.ErrNoResponse
		}
		if r, err = old.Changed(ops); err != nil {
			return err
		}
		m.Integration.Responses[status] = r
		return m.CheckAnswer(status, r)
	})
}

// DeleteIntegrationResponse takes away what makes the answers with a status.
func (c *Catalog) DeleteIntegrationResponse(ctx context.Context, by access.Caller, at At, status string) error {
	if err := c.Allow(by, "DELETE", at.path()+"/integration/responses/"+status); err != nil {
		return err
	}
	_, err := c.changeMethod(ctx, by, at, func(m *definition.Method) error {
		if m.Integration == nil {
			return errNoIntegration
		}
		if m.Integration.Responses[status] == nil {
			return definition.ErrNoResponse
		}
		delete(m.Integration.Responses, status)
		return nil
	}, store.Draining)
	if err == definition.ErrNoMethod { //nolint:errorlint // it is that very fault; AWS says so of a method, too
		err = errNoIntegration
	}
	return err
}
