package bench

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/bench/binary"
	"ephemr/internal/proof/bench/data"
)

// Print writes the report for people.
func (r *Report) Print(io *terminal.IO) {
	p := printer{io}
	p.machine(r)
	if len(r.Groups) > 0 {
		p.overhead(r)
		p.hops(r)
		p.shares(r)
		p.calls(r)
	}
	p.wide(r)
	p.service(r)
	p.load(r)
	p.backfill(r)
	p.intake(r)
	p.data(r)
	p.checks(r)
	p.footers(r)
	p.binaries(r)
	p.demo(r)
}

type printer struct{ *terminal.IO }

func (p printer) head(title string, how ...string) {
	p.Printf("\n%s\n", p.OutStyle().Bold(title))
	for _, line := range how {
		p.Printf("%s\n", p.OutStyle().Dim(line))
	}
}

func (p printer) machine(r *Report) {
	m := r.Machine
	p.Printf("%s, %s, %s of memory, load %.2f before the start, %s; seed %d; took %s\n", m.Platform, terminal.Count(m.Cores, "core"),
		terminal.Bytes(m.Memory), m.Load, runtime.Version(), r.Seed, terminal.Duration(time.Duration(r.Took)))
	if m.Busy() {
		p.Printf("%s\n", p.OutStyle().Yellow("This machine has other load: read times as upper bounds, and compare figures of one report only."))
	}
	for _, f := range r.Failures {
		p.Printf("left out: %s (%s): %s\n", f.Run, f.Group, terminal.OneLine(f.Why))
	}
}

func (p printer) overhead(r *Report) {
	p.head("Overhead of a run of one step",
		"from the upload until TerminateJobFlows, without provisioning and step (both of random length); target: 1.50 s median")
	var rows [][]string
	for _, g := range r.Groups {
		rows = append(rows, []string{g.Name, strconv.Itoa(g.Runs), seconds(g.Median), seconds(g.P90), seconds(g.Longest), seconds(g.Unexplained), g.Slowest})
	}
	p.Table([]string{"RUNS", "N", "MEDIAN", "P90", "LONGEST", "UNEXPLAINED", "SLOWEST HOP OF THE LONGEST"}, rows)
}

func (p printer) hops(r *Report) {
	p.head("Hops of the sequential runs", "share: of the total overhead of these runs; burst: median of the four concurrent runs")
	var rows [][]string
	sum := 0.0
	for _, h := range r.Hops {
		sum += h.Share
		rows = append(rows, []string{h.Name, h.Where, strconv.Itoa(h.Known), millis(h.Median), millis(h.P90), percent(h.Share), millis(h.Burst)})
	}
	rows = append(rows, []string{"unexplained", "", "", "", "", percent(1 - sum), ""})
	for _, h := range r.Parts {
		rows = append(rows, []string{h.Name, h.Where, strconv.Itoa(h.Known), millis(h.Median), millis(h.P90), "", millis(h.Burst)})
	}
	p.Table([]string{"HOP", "WHERE", "N", "MEDIAN", "P90", "SHARE", "BURST"}, rows)
}

func (p printer) shares(r *Report) {
	p.head("By function and service", "critical path: its hops in one run; REPORT: of all its invocations, as logged by Lambda, including those without work")
	var rows [][]string
	for _, s := range r.Shares {
		row := []string{s.Where, millis(s.Median), percent(s.Share), "", "", ""}
		if s.Median == 0 { // finishrun comes after the cluster's end was asked for
			row[1], row[2] = "", ""
		}
		if s.Calls > 0 {
			row[3], row[4], row[5] = strconv.Itoa(s.Calls), millis(s.Took), millis(s.P90)
		}
		rows = append(rows, row)
	}
	p.Table([]string{"WHERE", "CRITICAL PATH", "SHARE", "INVOCATIONS", "REPORT", "REPORT P90"}, rows)
	p.Printf("emulator's share of each invocation: %s (a warm function that does nothing)\n", millis(r.Floor))
}

func (p printer) calls(r *Report) {
	p.head("API calls and state transitions of a run of one step", "transitions: states entered and retries, from the history; EMR calls: counted by localemr per cluster, target: at most 5")
	var rows [][]string
	for _, g := range r.Groups {
		rows = append(rows, []string{g.Name, strconv.Itoa(g.Runs), between(g.Transitions), strconv.Itoa(g.Retries), between(g.Calls), list(g.Operations)})
	}
	p.Table([]string{"RUNS", "N", "TRANSITIONS", "RETRIES", "EMR CALLS", "BY OPERATION"}, rows)
	p.Printf("shared by all runs, in %s: %s; refused: %s\n", terminal.Duration(time.Duration(r.Shared.Over)), list(r.Shared.Operations), list(r.Shared.Refused))
}

func (p printer) data(r *Report) {
	if r.Data == nil {
		return
	}
	d := r.Data
	p.head(fmt.Sprintf("%d rows of 6 columns as Parquet", d.Rows), fmt.Sprintf(
		"ephemr generate takes %.2f times as long as DuckDB; medians; target: at most 1.00, and 256 MiB", d.Ratio))
	row := func(what string, u data.Usage) []string {
		return []string{what, seconds(u.Took), seconds(u.CPU), terminal.Bytes(u.Peak)}
	}
	p.Table([]string{"PROGRAM", "TOOK", "CPU", "PEAK MEMORY"}, [][]string{row("ephemr generate", d.Ours), row("DuckDB", d.DuckDB)})
}

func (p printer) checks(r *Report) {
	if r.Checks == nil {
		return
	}
	c := r.Checks
	p.head(fmt.Sprintf("Checks of all values of %d rows", c.Rows), fmt.Sprintf(
		"ephemr takes %.2f times the CPU time of DuckDB, target: at most 2.00; and %.2f times as long as Great Expectations with pandas, target: at most 0.20; medians", c.Ratio, c.Wall))
	row := func(what string, u data.Usage) []string { return []string{what, seconds(u.Took), seconds(u.CPU)} }
	p.Table([]string{"PROGRAM", "TOOK", "CPU"}, [][]string{row("checks of ephemr", c.Ours), row("DuckDB", c.DuckDB), row("Great Expectations", c.Expectations)})
}

func (p printer) footers(r *Report) {
	if r.Footers == nil {
		return
	}
	f := r.Footers
	p.head(fmt.Sprintf("Footers of %d Parquet files", f.Files), fmt.Sprintf(
		"ephemr takes %.2f times the CPU time of DuckDB, target: at most 0.50 and 64 MiB; %.1f ranged GETs a file, target: at most 2; medians", f.Ratio, f.Gets))
	row := func(what string, u data.Usage) []string {
		return []string{what, millis(u.Took), millis(u.CPU), terminal.Bytes(u.Peak)}
	}
	p.Table([]string{"PROGRAM", "TOOK", "CPU", "PEAK MEMORY"}, [][]string{row("footers of ephemr", f.Ours), row("DuckDB", f.DuckDB)})
}

func (p printer) wide(r *Report) {
	if r.Wide == nil {
		return
	}
	w := r.Wide
	p.head(fmt.Sprintf("A run of %d trivial jobs, 5 at a time", w.Jobs), fmt.Sprintf(
		"with EMR's token buckets it takes %.2f times as long as without; target: at most 1.30, and 0.20 calls a job", w.Ratio))
	row := func(what string, x WideRun) []string {
		return []string{what, seconds(x.Took), strconv.Itoa(x.Transitions), strconv.Itoa(x.Calls), fmt.Sprintf("%.2f", float64(x.Calls)/float64(w.Jobs)), list(x.Operations), list(x.Refused)}
	}
	p.Table([]string{"EMR", "TOOK", "TRANSITIONS", "EMR CALLS", "A JOB", "BY OPERATION", "REFUSED"}, [][]string{
		row("without buckets", w.Free), row("with buckets", w.Throttled),
	})
}

func (p printer) service(r *Report) {
	if r.Service == nil {
		return
	}
	b, d, l, w := r.Service.Start, r.Service.Packages, r.Service.Lines, r.Service.Pool
	p.head("Latency of ephemr submit",
		"package: medians of "+terminal.Count(d.Rounds, "round")+"; lines: from the job's print to ephemr's stdout, through CloudWatch Logs; ratio: to the fastest alternative on this machine")
	p.Table([]string{"WHAT", "TOOK", "OF", "RATIO"}, [][]string{
		{"start ephemr", millis(b.Version), fmt.Sprintf("%d rounds of ephemr version", b.Rounds), fmt.Sprintf("%.1f, to true(1) (%s)", b.Ratio, millis(b.Nothing))},
		{"first request to AWS", millis(b.Request), "ephemr runs", ""},
		{"build a package", millis(d.Build), fmt.Sprintf("%d files, %s, zipped %s", d.Files, terminal.Bytes(d.Bytes), terminal.Bytes(d.Size)), ""},
		{"upload it", millis(d.Send), "", fmt.Sprintf("%.1f, with build, to one PutObject (%s)", d.Ratio, millis(d.Plain))},
		{"upload it again", millis(d.Again), "existence check only", ""},
		{"a line, median", millis(l.P50), fmt.Sprintf("%d lines, 20 a second", l.Timed), ""},
		{"a line, p99", millis(l.P99), "longest " + millis(l.Longest), ""},
		{"many lines", fmt.Sprintf("%.0f/s", l.Rate), fmt.Sprintf("%d lines, %s", l.Many, terminal.Bytes(l.Bytes)), fmt.Sprintf("%.3f, to a pipe (%.0f/s)", l.Ratio, l.Pipe)},
		{"Enter to first line, cold", seconds(w.Cold), "the pool's first cluster starts", ""},
		{"Enter to first line, warm", seconds(w.Warm), fmt.Sprintf("%d rounds, p90 %s", w.Rounds, seconds(w.P90)), fmt.Sprintf("%.2f, to cold", w.Ratio)},
	})
}

func (p printer) load(r *Report) {
	if r.Load == nil {
		return
	}
	l := r.Load
	p.head("A burst of "+strconv.Itoa(l.Requests)+" requests of one pipeline", "whose limit is 2 of 4; writes: the same messages, and a function that does one conditional write for each; targets: 0.50 of them, 1.00 from first to last, 2.00 s")
	row := func(what string, x Pace, ratio string) []string {
		return []string{what, fmt.Sprintf("%.1f/s", x.All), fmt.Sprintf("%.1f/s", x.First), fmt.Sprintf("%.1f/s", x.Last), ratio}
	}
	p.Table([]string{"WHAT", "ALL", "FIRST FIFTH", "LAST FIFTH", "RATIO"}, [][]string{
		row("conditional writes", l.Written, ""),
		row("requests", l.Taken, fmt.Sprintf("%.2f, to writes; %.2f, last to first", l.Ratio, l.Flat)),
		{"another pipeline begins", seconds(l.Begin), "", "", "after its request, sent afterwards"},
	})
}

func (p printer) backfill(r *Report) {
	if r.Backfill == nil {
		return
	}
	b := r.Backfill
	p.head(fmt.Sprintf("A backfill of %d dates with %d values", b.Dates, len(values)),
		"writes: as many transactions of two items as it has runs, from this process, as many at a time; targets: 1 s until it is planned, 10 s until all runs are recorded")
	p.Table([]string{"WHAT", "TOOK", "RUNS", "RATE"}, [][]string{
		{"plan: ephemr backfill --dry-run", seconds(b.Planned), strconv.Itoa(b.Runs), ""},
		{"from ephemr backfill until all runs are recorded", seconds(b.Recorded), strconv.Itoa(b.Runs), fmt.Sprintf("%.1f/s", float64(b.Runs)/time.Duration(b.Recorded).Seconds())},
		{"from ephemr backfill until its first run is admitted", seconds(b.Begun), "", ""},
		{"writes", seconds(b.Written), strconv.Itoa(b.Runs), fmt.Sprintf("%.1f/s, ratio %.2f", float64(b.Runs)/time.Duration(b.Written).Seconds(), float64(b.Recorded)/float64(b.Written))},
	})
}

func (p printer) intake(r *Report) {
	if r.Intake == nil {
		return
	}
	x := r.Intake
	p.head("Objects, requests and pipelines", fmt.Sprintf("requests: %.0f a minute, and of these the p95; batch: after its window; diff: median", x.Rate),
		"targets: 1.00 s, 2.00 s, 0.50 s at 2,000 a minute, 10,000 objects a minute, 300 ms")
	row := func(what string, l Latency) []string {
		return []string{what, strconv.Itoa(l.N), millis(l.Median), millis(l.P95), millis(l.Longest)}
	}
	p.Table([]string{"WHAT", "N", "MEDIAN", "P95", "LONGEST"}, [][]string{
		row("object put to run record", x.Put), row("batch closed after its window", x.Window), row("request sent to run record", x.Requests),
	})
	p.Table([]string{"WHAT", "N", "TOOK", "RATIO"}, [][]string{
		{"objects of a batch", strconv.Itoa(x.Objects.N), fmt.Sprintf("%.1f/s", x.Objects.Taken.All), fmt.Sprintf("%.2f, to conditional writes (%.1f/s)", x.Objects.Ratio, x.Objects.Written.All)},
		{"diff of pipelines", strconv.Itoa(x.Diff.N), millis(x.Diff.Took), ""},
		{"apply of pipelines", strconv.Itoa(x.Apply.N), seconds(x.Apply.Took), ""},
	})
}

func (p printer) binaries(r *Report) {
	if len(r.Binaries) == 0 {
		return
	}
	host := binary.Platform()
	p.head("Functions", "zipped: package with the binary only, for AWS ("+binary.Arm64+") and for this machine ("+host+")",
		"init: from the start of the process on this machine until it requests its first event; ratio: of medians, to a function that does nothing")
	var rows [][]string
	for _, b := range r.Binaries {
		rows = append(rows, []string{
			b.Name, terminal.Bytes(b.Zipped[binary.Arm64]), terminal.Bytes(b.Zipped[host]),
			strconv.Itoa(len(b.Init)), millis(b.Median), millis(b.P90), fmt.Sprintf("%.2f", b.Ratio),
		})
	}
	p.Table([]string{"FUNCTION", "FOR AWS", "HERE", "STARTS", "INIT", "P90", "RATIO"}, rows)
}

func (p printer) demo(r *Report) {
	if len(r.Demo) > 0 {
		p.head("make demo with everything installed and no region up")
		var total time.Duration
		var rows [][]string
		for _, ph := range r.Demo {
			if !strings.HasPrefix(ph.Name, " ") {
				total += time.Duration(ph.Took)
			}
			rows = append(rows, []string{ph.Name, terminal.Duration(time.Duration(ph.Took))})
		}
		p.Table([]string{"PHASE", "TOOK"}, append(rows, []string{"all", terminal.Duration(total)}))
	}
	p.head("Parts of the last scripts/setup")
	if len(r.Cold) == 0 {
		p.Printf("unknown\n")
		return
	}
	var rows [][]string
	for _, ph := range r.Cold {
		rows = append(rows, []string{ph.Name, terminal.Duration(time.Duration(ph.Took))})
	}
	p.Table([]string{"PART", "TOOK"}, rows)
}

func seconds(s Seconds) string { return fmt.Sprintf("%.2f s", time.Duration(s).Seconds()) }

func millis(s Seconds) string {
	return fmt.Sprintf("%.0f ms", float64(time.Duration(s))/float64(time.Millisecond))
}

// percent adds 0 so that a rounded -0.1 is not written as -0.
func percent(share float64) string { return fmt.Sprintf("%.0f %%", math.Round(100*share)+0) }

func between(n [2]int) string {
	if n[0] == n[1] {
		return strconv.Itoa(n[0])
	}
	return fmt.Sprintf("%d-%d", n[0], n[1])
}

func list(ops map[string]int) string {
	if len(ops) == 0 {
		return "none"
	}
	var out []string
	for _, op := range slices.Sorted(maps.Keys(ops)) {
		out = append(out, fmt.Sprintf("%s %d", op, ops[op]))
	}
	return strings.Join(out, ", ")
}
