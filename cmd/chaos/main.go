// Command chaos plays runs for real while everything around them fails, and
// checks from the outside that each had one cluster, one step for each attempt
// and one outcome; see package chaos. It takes minutes, and exits with 1 when
// an invariant broke.
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
	flag.IntVar(&o.Runs, "runs", 300, "requests that are right; one wrong one for every 20 comes on top")
	flag.Uint64Var(&o.Seed, "seed", 1, "of requests, faults, kills and what the steps do; what happens side by side is not repeatable")
	flag.DurationVar(&o.Max, "max", 15*time.Minute, "time for all of it; what is not over by then is printed")
	flag.IntVar(&o.Parallel, "parallel", 12, "runs side by side")
	flag.BoolVar(&o.Kill, "kill", true, "kill functions and localemr")
	flag.BoolVar(&o.RealTicks, "real-ticks", false, "let minutes last a minute")
	flag.StringVar(&o.Keep, "keep", "", "directory to leave the region's logs in")
	kinds := flag.String("faults", "all", "kinds of faults, separated by commas; all or none")
	output := flag.String("o", "table", "table or json")
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
	if len(report.Breaches) > 0 {
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
