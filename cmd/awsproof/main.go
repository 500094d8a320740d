// Command awsproof observes what AWS does where its documentation does not say, and
// reports how that compares with what ephemr assumes; see package awsproof.
// scripts/aws-proof builds and runs it.
//
// Tested by TestAWSProof of acceptance, on a local region.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/awsproof"
)

type options struct {
	awsproof.Options
	local, yes, destroy bool
	dir, report         string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	o := options{Options: awsproof.Options{Log: os.Stderr}}
	probes := ""
	flag.BoolVar(&o.local, "local", false, "use the running local region instead of an AWS account")
	flag.StringVar(&o.dir, "dir", "", "with -local: directory of the region (default .local in the checkout)")
	flag.BoolVar(&o.yes, "yes", false, "agree to what is deployed to the AWS account, and to its cost")
	flag.BoolVar(&o.destroy, "destroy", false, "only destroy what an aws-proof that was killed has left")
	flag.StringVar(&probes, "probes", "", "comma-separated probes instead of all: "+awsproof.Names())
	flag.StringVar(&o.report, "report", "aws-proof.md", "file for the report")
	flag.DurationVar(&o.Max, "max", 28*time.Minute, "time until the probes are stopped; then everything is destroyed")
	flag.Parse()
	if probes != "" {
		o.Probes = strings.Split(probes, ",")
	}
	err := o.run(ctx)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "aws-proof:", err)
		return 1
	}
	return 0
}

func (o *options) run(ctx context.Context) (err error) {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if o.Root, err = os.Getwd(); err != nil {
		return fmt.Errorf("find the checkout: %w", err)
	}
	if o.local {
		if o.destroy {
			return errors.New("-destroy and -local cannot be combined: make down ends a local region")
		}
		if o.Region, err = laptop.Open(ctx, laptop.Options{Dir: o.dir}); err != nil {
			return fmt.Errorf("%w (make up deploy starts one)", err)
		}
		return o.prove(ctx)
	}
	if err := realAccount(); err != nil {
		return err
	}
	account, region, err := awsproof.Identify(ctx, o.Options)
	if err != nil {
		return err
	}
	if o.destroy {
		return o.onlyDestroy(ctx, account, region)
	}
	plan, err := awsproof.Plan(o.Options, account, region)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprint(os.Stderr, plan)
	if !o.yes {
		return errors.New("nothing was done: repeat the command with --yes if you agree")
	}
	return o.prove(ctx)
}

// realAccount refuses an environment that leads to an emulator.
func realAccount() error {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_ENDPOINT_URL") && value != "" {
			return fmt.Errorf("%s is set to %s: unset it to use an AWS account, or use --local", name, value)
		}
	}
	return nil
}

func (o *options) onlyDestroy(ctx context.Context, account, region string) error {
	if !o.yes {
		return fmt.Errorf("this destroys stage %s of account %s, Region %s, with all clusters of aws-proof: repeat the command with --yes if you agree",
			awsproof.Stage, account, region)
	}
	left, err := awsproof.Destroy(ctx, o.Options)
	return errors.Join(err, leftBehind(left))
}

func (o *options) prove(ctx context.Context) error {
	report, err := awsproof.Run(ctx, o.Options)
	if report == nil {
		return err
	}
	file, createErr := os.Create(o.report)
	if createErr != nil {
		return errors.Join(err, fmt.Errorf("write report: %w", createErr))
	}
	if writeErr := errors.Join(report.Write(file), file.Close()); writeErr != nil {
		return errors.Join(err, fmt.Errorf("write report: %w", writeErr))
	}
	_, _ = fmt.Fprintln(os.Stderr, "report in", o.report)
	return errors.Join(err, leftBehind(report.Left))
}

func leftBehind(left []string) error {
	if len(left) == 0 {
		return nil
	}
	return fmt.Errorf("still there, check again in some minutes and delete it: %s", strings.Join(left, " "))
}
