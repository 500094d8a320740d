// Command bench measures what the control plane costs on this machine, and
// prints it; see package bench. It takes minutes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/bench"
	"ephemr/internal/proof/bench/data"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	if len(os.Args) == 3 && os.Args[1] == bench.FootersCommand {
		if err := data.ReadFooters(ctx, os.Args[2], os.Stdout); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
			return 1
		}
		return 0
	}
	o := bench.Options{Log: os.Stderr}
	flag.IntVar(&o.Runs, "n", 30, "number of sequential runs; 0 = measure the burst and the backfill only")
	flag.IntVar(&o.Starts, "starts", 20, "number of starts of each function")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed of the jitter of provisioning and steps")
	flag.IntVar(&o.Wide, "wide", 200, "number of jobs of the wide pipeline; 0 = not measured")
	flag.BoolVar(&o.Submit, "submit", true, "measure the latency of ephemr submit")
	flag.IntVar(&o.Load, "load", 5000, "number of requests of the burst of one pipeline; 0 = not measured")
	flag.IntVar(&o.Dates, "dates", 365, "number of dates of a backfill with five values each; 0 = not measured")
	flag.IntVar(&o.Objects, "objects", 10000, "number of events of objects of a batch; 0 = objects, requests and pipelines are not measured")
	flag.IntVar(&o.Pipelines, "pipelines", 1000, "number of pipelines that are registered")
	flag.IntVar(&o.Data, "data", 5_000_000, "number of rows that ephemr generate and DuckDB write; 0 = not measured")
	flag.BoolVar(&o.Demo, "demo", true, "measure make demo too")
	output := flag.String("o", "table", "output format: table or json")
	flag.Parse()
	io := terminal.System(os.Getenv)
	report, err := bench.Run(ctx, o)
	if *output == "json" {
		if err := io.JSON(report); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		}
	} else {
		report.Print(io)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		return 1
	}
	return 0
}
