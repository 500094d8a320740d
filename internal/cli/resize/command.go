package resize

import (
	"cmp"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/spf13/cobra"

	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/emr/resize"
	"ephemr/internal/run"
)

// Command returns ephemr resize.
func Command(app *session.App) *cobra.Command {
	var o Options
	var n numbers
	cmd := &cobra.Command{
		Use:   "resize CLUSTER|RUN",
		Short: "resize a running cluster",
		Long: `Resize a running cluster.

The cluster is given by its id (j-…) or by a run that uses it. Units are instances: every instance type in
ephemr's profiles has a weighted capacity of 1. A cluster without a task fleet gets one. New units have the
purchase option of the fleet, On-Demand or Spot; --core-on-demand and --task-on-demand set how many of the units
are On-Demand.

--min and --max configure EMR managed scaling between these numbers of core and task units in total; --max-core
and --max-on-demand limit it further. --steps sets the step concurrency.

Invalid sizes are rejected before any change. The command waits until the cluster has the requested size and
reports it; the exit code is 0 only then. An interrupt stops the waiting, not the resize. Without a new size the
command shows the current one.`,
		Example: `  ephemr resize flights-daily-20260102T0300-0a1b2c3d --task 4
  ephemr resize j-2AXXXXXXGAPLF --core 3 --core-on-demand 1 --timeout 30m
  ephemr resize j-2AXXXXXXGAPLF --task 0 --no-wait
  ephemr resize j-2AXXXXXXGAPLF --min 2 --max 10 --max-core 3
  ephemr resize j-2AXXXXXXGAPLF -o json | jq '.fleets[] | {kind, has}'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Ask, err = n.ask(cmd.Flags().Changed); err != nil {
				return err
			}
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			o.Target, o.By, o.JSON = args[0], cmp.Or(app.Getenv("USER"), session.Who()), app.JSON()
			return Run(cmd.Context(), o, app.IO, s.Settings, lambda.NewFromConfig(s.Config))
		},
		ValidArgsFunction: complete.Args(complete.Runs(app, run.Running)),
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVar(&n.core, "core", 0, "core units, at least 1")
	flags.IntVar(&n.task, "task", 0, "task units")
	flags.IntVar(&n.coreOnDemand, "core-on-demand", 0, "On-Demand units among the core units")
	flags.IntVar(&n.taskOnDemand, "task-on-demand", 0, "On-Demand units among the task units")
	flags.IntVar(&n.low, "min", 0, "managed scaling: minimum core and task units")
	flags.IntVar(&n.high, "max", 0, "managed scaling: maximum core and task units")
	flags.IntVar(&n.maxCore, "max-core", 0, "managed scaling: maximum core units")
	flags.IntVar(&n.maxOnDemand, "max-on-demand", 0, "managed scaling: maximum On-Demand units")
	flags.IntVar(&n.steps, "steps", 0, "step concurrency, 1 to 256")
	flags.BoolVar(&o.NoWait, "no-wait", false, "send the request and return immediately")
	flags.DurationVar(&o.Timeout, "timeout", 15*time.Minute, "maximum time to wait")
	return cmd
}

// numbers are the values of the flags.
type numbers struct {
	core, coreOnDemand, task, taskOnDemand int
	low, high, maxCore, maxOnDemand        int
	steps                                  int
}

func (n *numbers) ask(given func(string) bool) (resize.Ask, error) {
	var a resize.Ask
	number := func(flag string, n int) *int {
		if given(flag) {
			return &n
		}
		return nil
	}
	for _, f := range []struct {
		flag            string
		units, onDemand int
		to              **resize.Size
	}{{"core", n.core, n.coreOnDemand, &a.Core}, {"task", n.task, n.taskOnDemand, &a.Task}} {
		onDemand := number(f.flag+"-on-demand", f.onDemand)
		if given(f.flag) {
			*f.to = &resize.Size{Units: f.units, OnDemand: onDemand}
		} else if onDemand != nil {
			return a, exit.Usage("--%s-on-demand requires --%s", f.flag, f.flag)
		}
	}
	b := resize.Bounds{
		Min: number("min", n.low), Max: number("max", n.high), MaxCore: number("max-core", n.maxCore), MaxOnDemand: number("max-on-demand", n.maxOnDemand),
	}
	if b != (resize.Bounds{}) {
		a.Limits = &b
	}
	a.Steps = number("steps", n.steps)
	return a, nil
}
