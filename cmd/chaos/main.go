// Command chaos executes runs while everything around them fails, and checks
// from the outside that each had one cluster, one step for each attempt and one
// outcome; see package chaos. It takes minutes, and exits with 1 when an
// invariant is violated.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/chaos"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	o := chaos.Options{Log: os.Stderr}
	flag.IntVar(&o.Runs, "runs", 300, "number of valid requests; one invalid request is added for every 20")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed of requests, faults, kills and the steps' behaviour; the order of concurrent events is not repeatable")
	flag.DurationVar(&o.Max, "max", 15*time.Minute, "time limit; runs that have not ended by then are printed")
	flag.IntVar(&o.Parallel, "parallel", 12, "number of concurrent runs")
	flag.BoolVar(&o.Kill, "kill", true, "kill function processes and localemr")
	flag.BoolVar(&o.RealTicks, "real-ticks", false, "invoke the functions of the minute tick once a minute only")
	flag.StringVar(&o.Keep, "keep", "", "directory to move the region's logs to")
	kinds := flag.String("faults", "all", "comma-separated kinds of faults, all or none")
	output := flag.String("o", "table", "output format: table or json")
	flag.Parse()
	if *kinds != "all" {
		o.Kinds = strings.Split(*kinds, ",")
	}
	report, err := chaos.Run(ctx, o)
	if report != nil {
		show(report, *output)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "chaos:", err)
		return 1
	}
	if len(report.Violations) > 0 {
		return 1
	}
	return 0
}

func show(report *chaos.Report, output string) {
	io := terminal.System(os.Getenv)
	if output != "json" {
		report.Print(io)
		return
	}
	if err := io.JSON(report); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "chaos:", err)
	}
}
