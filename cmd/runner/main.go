// Command runner executes one attempt of a job on the cluster.
//
//	runner [-region eu-west-1] run s3://bucket/runs/<run>/<job>/<attempt>/<nonce>/job.<sha256>.json
//	runner version
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/processtree"
	"ephemr/internal/runner"
	"ephemr/internal/runner/busy"
)

// version is set by the linker; without, the build's own is shown.
var version string

const exitUsage = 2

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("runner", flag.ContinueOnError)
	flags.SetOutput(stderr)
	region := flags.String("region", "", "AWS Region, where the environment names none")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(stderr, "usage: runner [-region REGION] run s3://bucket/…/job.json\n       runner version")
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return exitUsage
	}
	switch {
	case flags.NArg() == 1 && flags.Arg(0) == "version":
		_, _ = fmt.Fprintln(stdout, versionText())
		return 0
	case flags.NArg() == 2 && flags.Arg(0) == "run":
		return execute(*region, flags.Arg(1), stdout, stderr)
	}
	flags.Usage()
	return exitUsage
}

func execute(region, address string, stdout, stderr io.Writer) int {
	// SIGPIPE must not end the runner when the reader of its output has gone.
	// Caught rather than ignored: what is ignored, the program would inherit.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	ctx, abandon := context.WithCancel(ctx)
	defer abandon()
	go watchParent(ctx, abandon, parents(), stderr)

	environ := withRegion(os.Environ(), region)
	fallback := config.WithDefaultRegion(region)
	if region == "" {
		fallback = config.WithEC2IMDSRegion()
	}
	cfg, err := config.LoadDefaultConfig(context.WithoutCancel(ctx), fallback)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "ephemr: load AWS configuration: %v\n", err)
		return runner.ExitUnwritten
	}
	if err := processtree.AdoptOrphans(ctx, 5*time.Second); err != nil {
		_, _ = fmt.Fprintf(stderr, "ephemr: processes that leave the job's session may outlive it: %v\n", err)
	}
	r := runner.Runner{
		S3: s3.NewFromConfig(cfg, func(o *s3.Options) {
			o.UsePathStyle = os.Getenv("AWS_ENDPOINT_URL") != ""
		}),
		Logs: cloudwatchlogs.NewFromConfig(cfg, func(o *cloudwatchlogs.Options) {
			o.Retryer = aws.NopRetryer{} // logstream tries again, and gives up, by its own rules
		}),
		Secrets: secretsmanager.NewFromConfig(cfg), Parameters: ssm.NewFromConfig(cfg), Glue: glue.NewFromConfig(cfg),
		Stdout: stdout, Stderr: stderr,
		Environ: environ, Home: runner.Home(os.Getenv("EPHEMR_HOME"), runner.DataDir), Now: time.Now,
		BusyFile: cmp.Or(os.Getenv("EPHEMR_BUSY_FILE"), busy.File), Linger: 2 * time.Second, Poll: 30 * time.Second,
		Wait: 500 * time.Millisecond, Settle: 3 * time.Second, Flush: 10 * time.Second, Alone: true,
	}
	return r.Run(ctx, address)
}

// withRegion adds the Region to an environment that names none. A program with
// a runtime role may not ask the instance for it.
func withRegion(environ []string, region string) []string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if _, named := os.LookupEnv(name); !named && region != "" {
			environ = append(environ, name+"="+region)
		}
	}
	return environ
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}
