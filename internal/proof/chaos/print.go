package chaos

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/chaos/evidence"
)

// Print writes the report for people.
func (r *Report) Print(io *terminal.IO) {
	p := printer{io}
	p.played(r)
	p.times(r)
	p.repairs(r)
	p.stuck(r)
	p.verdict(r)
}

type printer struct{ *terminal.IO }

func (p printer) line(what, format string, args ...any) {
	p.Printf("%-10s %s\n", what, fmt.Sprintf(format, args...))
}

func (p printer) played(r *Report) {
	d := func(s Seconds) string { return terminal.Duration(time.Duration(s)) }
	p.line("seed", "%d, %d concurrent runs", r.Seed, r.Parallel)
	p.line("took", "%s: region %s, runs %s, faults until %s", d(r.Took), d(r.Up), d(r.Played), d(r.FaultsEnd))
	if r.RealTicks {
		p.line("ticks", "the stage's own only: admit and watch every minute, sweep every 5")
	} else {
		p.line("ticks", "admit, watch and sweep are invoked every %s, in addition to the stage's own ticks", terminal.Duration(tickEvery))
	}
	p.line("requests", "%s; sent %d times including repetitions; %d not sent for lack of time", counted(r.Requests), r.Sent, r.Unsent)
	p.line("faults", "%s", counted(r.Faults))
	p.line("killed", "localemr %d times; functions %d times (%s), %d of them during an invocation", r.Restarts, sum(r.Killed), counted(r.Killed), r.Hit)
	p.line("manually", "%d cancelled, %d retried", r.Cancels, r.Retries)
	p.line("runs", "%s", counted(r.Outcomes))
	p.line("clusters", "%d with %d steps and %d YARN applications, at most %d at once in %d samples", r.Clusters, r.Steps, r.Applications, r.Most, r.Samples)
	if r.Runs > 0 {
		p.line("EMR calls", "%.1f per run: %s", float64(sum(r.Calls))/float64(r.Runs), counted(r.Calls))
	}
}

func (p printer) times(r *Report) {
	p.Printf("\n")
	s := func(s Seconds) string { return fmt.Sprintf("%.2f s", time.Duration(s).Seconds()) }
	var rows [][]string
	for _, t := range r.Times {
		rows = append(rows, []string{strconv.Itoa(t.N), s(t.Median), s(t.P90), s(t.P99), s(t.Max), t.What})
	}
	p.Table([]string{"N", "MEDIAN", "P90", "P99", "MAX", "TIME"}, rows)
	p.Printf("without retried runs\n")
}

func (p printer) repairs(r *Report) {
	p.Printf("\nrepairs by sweep: %d\n", len(r.Repairs))
	for _, x := range r.Repairs {
		p.Printf("  %s %s %s: %s\n", x.What, x.RunID, x.Cluster, terminal.OneLine(x.Reason))
	}
	for _, x := range r.Unexpected {
		p.Printf("not explained by a fault: %s\n", terminal.OneLine(x))
	}
}

func (p printer) stuck(r *Report) {
	for _, s := range r.Stuck {
		text, err := json.MarshalIndent(s, "  ", "  ")
		if err != nil {
			text = []byte(err.Error())
		}
		p.Printf("\nstuck: %s\n", text)
	}
}

func (p printer) verdict(r *Report) {
	p.Printf("\n")
	style := p.OutStyle()
	for _, rule := range evidence.Rules {
		var broken []string
		for _, b := range r.Violations {
			if b.Rule == rule {
				broken = append(broken, b.What)
			}
		}
		if len(broken) == 0 {
			p.Printf("%s %s\n", style.Green("held    "), rule)
			continue
		}
		p.Printf("%s %s\n", style.Red("VIOLATED"), rule)
		for _, what := range broken {
			p.Printf("         %s\n", terminal.OneLine(what))
		}
	}
}

// counted lists the greatest first.
func counted[K ~string](m map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
	var out []string
	for _, k := range keys {
		if m[k] > 0 {
			out = append(out, fmt.Sprintf("%s %d", k, m[k]))
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

func sum[K comparable](m map[K]int) int {
	n := 0
	for _, x := range m {
		n += x
	}
	return n
}
