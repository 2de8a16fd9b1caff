package function

import (
	"context"

	"github.com/dari-bus/dari/internal/room/function/runner"
)

// Options configure a Service.
type Options = runner.Options

// A Service is the functions.
type Service struct{ *runner.Runner }

// Open reads what is in the store.
func Open(ctx context.Context, opt Options) (*Service, error) {
	r, err := runner.Open(ctx, opt)
	if err != nil {
		return nil, err
	}
	return &Service{r}, nil
}
