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
		Short: "give a cluster that runs more core or task units, or fewer",
		Long: `Give a cluster that runs more core or task units, or fewer.

A cluster is named by its id (j-…) or by the run that it works for. Units are instances, as long as an instance
counts as one in its fleet, which it does in ephemr's profiles. A cluster without a task fleet gets one. New units
are bought as the fleet's are, on demand or Spot, unless --core-on-demand or --task-on-demand says how many of
them are to be on demand.

With --min and --max EMR itself scales the cluster by its load, between so many core and task units together;
--max-core and --max-on-demand limit it further. --steps is how many steps may run side by side.

What EMR would refuse is refused before anything is changed. The command waits until the cluster has what was
asked for, and says what it got; the exit code is 0 only then. An interrupt ends the waiting, not the resizing.
With nothing to change it shows what the cluster has.`,
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
	flags.IntVar(&n.coreOnDemand, "core-on-demand", 0, "of the core units, how many on demand")
	flags.IntVar(&n.taskOnDemand, "task-on-demand", 0, "of the task units, how many on demand")
	flags.IntVar(&n.low, "min", 0, "core and task units that EMR keeps at least")
	flags.IntVar(&n.high, "max", 0, "core and task units that EMR scales up to")
	flags.IntVar(&n.maxCore, "max-core", 0, "core units that EMR scales up to")
	flags.IntVar(&n.maxOnDemand, "max-on-demand", 0, "units on demand that EMR scales up to")
	flags.IntVar(&n.steps, "steps", 0, "steps side by side, 1 to 256")
	flags.BoolVar(&o.NoWait, "no-wait", false, "ask for it and leave")
	flags.DurationVar(&o.Timeout, "timeout", 15*time.Minute, "longest time to wait")
	return cmd
}

// numbers are the flags, of which those count that were given.
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
			return a, exit.Usage("--%s-on-demand says how many of --%s; give --%[2]s too", f.flag, f.flag)
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
