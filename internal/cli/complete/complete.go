// Package complete provides shell completions that depend on the stage: ids,
// names and addresses. It has a time limit; errors and slow answers offer
// nothing, so that no error is printed into the command line.
package complete

import (
	"context"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/session"
	"ephemr/internal/emr/clusterlist"
	"ephemr/internal/run"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
)

// Func is a completion function of cobra.
type Func = func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective)

// TimeoutVariable is the environment variable for the time limit of a
// completion that calls AWS.
const TimeoutVariable = "EPHEMR_COMPLETION_TIMEOUT"

const defaultTimeout = time.Second

func timeout(app *session.App) time.Duration {
	if d, err := time.ParseDuration(app.Getenv(TimeoutVariable)); err == nil && d > 0 {
		return d
	}
	return defaultTimeout
}

// None offers nothing, not even files.
func None(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// InTime offers what find returns within the time limit, in that order, if it
// begins with the word: not every shell filters by itself.
func InTime(app *session.App, find func(ctx context.Context, args []string, begun string) ([]cobra.Completion, error)) Func {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		ctx, cancel := context.WithTimeout(cmd.Context(), timeout(app))
		defer cancel()
		found := make(chan []cobra.Completion, 1)
		go func() {
			words, err := find(ctx, args, begun)
			if err != nil {
				words = nil
			}
			found <- slices.DeleteFunc(words, func(w cobra.Completion) bool { return !strings.HasPrefix(w, begun) })
		}()
		select {
		case words := <-found:
			return words, directive
		case <-ctx.Done(): // not every credential provider observes it
			return nil, directive
		}
	}
}

// Args offers the words of Funcs for the first argument, the second and so on,
// and nothing for more.
func Args(each ...Func) Func {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= len(each) {
			return None(cmd, args, begun)
		}
		return each[len(args)](cmd, args, begun)
	}
}

// Runs offers the ids of the newest runs, with their states: those in one of
// states, or all of them.
func Runs(app *session.App, states ...run.State) Func {
	return InTime(app, func(ctx context.Context, args []string, begun string) ([]cobra.Completion, error) {
		s, err := app.Session(ctx)
		if err != nil {
			return nil, err
		}
		return RunIDs(ctx, s.Runs(), begun, args, states)
	})
}

// Jobs offers the jobs of the run that is the first argument.
func Jobs(app *session.App) Func {
	return InTime(app, func(ctx context.Context, args []string, _ string) ([]cobra.Completion, error) {
		s, err := app.Session(ctx)
		if err != nil || len(args) == 0 {
			return nil, err
		}
		return JobNames(ctx, s.Runs(), args[0])
	})
}

// Pipelines offers the registered pipelines.
func Pipelines(app *session.App) Func {
	return InTime(app, func(ctx context.Context, _ []string, _ string) ([]cobra.Completion, error) {
		s, err := app.Session(ctx)
		if err != nil {
			return nil, err
		}
		return PipelineNames(ctx, dynamodb.NewFromConfig(s.Config), s.Settings.PipelinesTable)
	})
}

// Profiles offers the cluster profiles of the stage.
func Profiles(app *session.App) Func {
	return InTime(app, func(ctx context.Context, _ []string, _ string) ([]cobra.Completion, error) {
		s, err := app.Session(ctx)
		if err != nil {
			return nil, err
		}
		return ProfileNames(ctx, ssm.NewFromConfig(s.Config), s.Settings.Stage)
	})
}

// Clusters offers the ids of running clusters, with their runs or pools.
func Clusters(app *session.App) Func {
	return InTime(app, func(ctx context.Context, args []string, _ string) ([]cobra.Completion, error) {
		s, err := app.Session(ctx)
		if err != nil {
			return nil, err
		}
		return ClusterIDs(ctx, clusterlist.New(s.Config, s.Settings), args)
	})
}

// Stages offers the stage of the environment and those that are deployed in the
// configured account and Region.
func Stages(app *session.App) Func {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		deployed := InTime(app, func(ctx context.Context, _ []string, _ string) ([]cobra.Completion, error) {
			cfg, err := session.Config(ctx)
			if err != nil {
				return nil, err
			}
			return StageNames(ctx, ssm.NewFromConfig(cfg))
		})
		words, directive := deployed(cmd, args, begun)
		return with(app.Getenv(session.Variable), words), directive
	}
}
