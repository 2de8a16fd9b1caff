package cli

import (
	"context"
	"flag"
	"fmt"
	"text/tabwriter"
)

type ruleRow struct {
	Name, State, EventPattern, ScheduleExpression, Description string
}

type targetRow struct {
	Id, Arn          string
	DeadLetterConfig *struct{ Arn string }
}

func rules(ctx context.Context, fs *flag.FlagSet, args []string, s streams) error {
	var c client
	c.register(fs)
	bus := fs.String("bus", "default", "`name` or ARN of the event bus")
	prefix := fs.String("prefix", "", "only rules whose name begins so")
	if err := parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected %q", fs.Arg(0))}
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	token, n := "", 0
	for {
		var page struct {
			Rules     []ruleRow
			NextToken string
		}
		in := map[string]any{"EventBusName": *bus, "Limit": 100}
		if *prefix != "" {
			in["NamePrefix"] = *prefix
		}
		if token != "" {
			in["NextToken"] = token
		}
		if err := c.events(ctx, "ListRules", in, &page); err != nil {
			return err
		}
		for _, r := range page.Rules {
			if err := c.printRule(ctx, w, *bus, r); err != nil {
				return err
			}
			n++
		}
		if token = page.NextToken; token == "" {
			break
		}
	}
	if n == 0 {
		fmt.Fprintf(w, "The bus %s has no rules.\n", *bus)
	}
	return w.Flush()
}

func (c *client) printRule(ctx context.Context, w *tabwriter.Writer, bus string, r ruleRow) error {
	fmt.Fprintf(w, "%s\t%s\n", r.Name, r.State)
	for _, line := range [][2]string{{"description", r.Description}, {"pattern", r.EventPattern}, {"schedule", r.ScheduleExpression}} {
		if line[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", line[0], line[1])
		}
	}
	var page struct{ Targets []targetRow }
	if err := c.events(ctx, "ListTargetsByRule", map[string]any{"Rule": r.Name, "EventBusName": bus}, &page); err != nil {
		return err
	}
	for _, t := range page.Targets {
		dead := "no dead-letter queue"
		if t.DeadLetterConfig != nil && t.DeadLetterConfig.Arn != "" {
			dead = "dead letters to " + t.DeadLetterConfig.Arn
		}
		fmt.Fprintf(w, "  target %s\t%s (%s)\n", t.Id, t.Arn, dead)
	}
	return nil
}
