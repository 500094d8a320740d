package backfill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"ephemr/internal/backfill"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
)

// Progress is a backfill with the states of its runs.
type Progress struct {
	backfill.Backfill

	Runs         map[run.State]int `json:"runs"`
	Waiting      int               `json:"waiting"` // runs that have not started
	USD          float64           `json:"usd"`     // cost of its runs so far
	EstimatedEnd time.Time         `json:"estimatedEnd,omitzero"`
	Failed       []FailedRun       `json:"failed"`
}

// FailedRun is a run of a backfill that has failed, was cancelled or was refused.
type FailedRun struct {
	RunID  string    `json:"runId"`
	State  run.State `json:"state"`
	Reason string    `json:"reason"`
}

// progressOf reads the runs of b.
func progressOf(ctx context.Context, c Clients, b backfill.Backfill, now time.Time) (Progress, error) {
	p := Progress{Backfill: b, Runs: map[run.State]int{}, Failed: []FailedRun{}}
	q := b.Request
	var took time.Duration
	err := c.Runs.Dated(ctx, q.Pipeline, q.From, q.To, func(r run.Run) error {
		if r.Backfill != b.ID {
			return nil
		}
		p.Runs[r.State]++
		p.USD += r.CostUSD
		switch r.State {
		case run.Failed, run.Cancelled, run.Rejected:
			p.Failed = append(p.Failed, FailedRun{RunID: r.ID, State: r.State, Reason: r.Reason})
		case run.Succeeded:
			took += r.EndedAt.Sub(r.StartedAt)
		case run.Queued, run.Admitted, run.Running:
		}
		return nil
	})
	p.derive(now, took)
	return p, err
}

// derive completes p from the states of its runs; those that have succeeded took so long
// together.
func (p *Progress) derive(now time.Time, took time.Duration) {
	if p.Final() {
		return
	}
	p.Waiting = p.Runs[run.Queued] + p.Total - p.Recorded
	left := p.Waiting + p.active()
	if left == 0 && p.known() == p.Total {
		p.State = backfill.Ended // the next tick records it
	}
	if n := p.Runs[run.Succeeded]; n > 0 && p.State == backfill.Running {
		parallel := max(p.Request.Parallel, 1)
		rounds := (left + parallel - 1) / parallel
		p.EstimatedEnd = now.Add(time.Duration(rounds) * took / time.Duration(n)).UTC().Truncate(time.Second)
	}
}

func (p Progress) active() int { return p.Runs[run.Admitted] + p.Runs[run.Running] }

// known is how many runs there are.
func (p Progress) known() (n int) {
	for _, some := range p.Runs {
		n += some
	}
	return n
}

var columns = []string{"BACKFILL", "STATE", "FROM", "TO", "RUNS", "WAITING", "RUNNING", "SUCCEEDED", "FAILED", "REASON"}

func (p Progress) row() []string {
	return []string{
		p.ID, string(p.State), p.Request.From.Format(time.DateOnly), p.Request.To.Format(time.DateOnly), fmt.Sprint(p.Total),
		fmt.Sprint(p.Waiting), fmt.Sprint(p.active()), fmt.Sprint(p.Runs[run.Succeeded]), fmt.Sprint(len(p.Failed)), p.Reason,
	}
}

// line is the progress in a line.
func (p Progress) line(now time.Time) string {
	text := fmt.Sprintf("%s: %s, %d waiting, %d running, %d succeeded, %d failed",
		p.State, terminal.Count(p.Total, "run"), p.Waiting, p.active(), p.Runs[run.Succeeded], len(p.Failed))
	if p.Reason != "" {
		text += "; " + p.Reason
	}
	if !p.EstimatedEnd.IsZero() {
		text += fmt.Sprintf("; estimated end %s (in %s)", p.EstimatedEnd.Format("2006-01-02T15:04Z"), terminal.Duration(p.EstimatedEnd.Sub(now)))
	}
	return text
}

// most is how many failed runs are printed; JSON has all of them.
const most = 20

// notes says which runs have failed, and what to do next.
func (p Progress) notes(io *terminal.IO) {
	for _, f := range p.Failed[:min(len(p.Failed), most)] {
		io.Notef("%s is %s: %s\n", f.RunID, f.State, f.Reason)
	}
	if n := len(p.Failed) - most; n > 0 {
		io.Notef("and %d more\n", n)
	}
	switch {
	case p.State == backfill.Paused:
		io.Notef("continue with: ephemr backfill resume %s\n", p.ID)
	case len(p.Failed) > 0 && p.Final():
		io.Notef("run them again with: ephemr backfill retry %s\n", p.ID)
	}
}

// every is how often the progress is read.
const every = 2 * time.Second

// follow prints the progress until the backfill ends. Its exit code is 1 if a run has
// failed. Interrupting it changes nothing in the backfill.
func follow(ctx context.Context, io *terminal.IO, c Clients, id string, asJSON bool) error {
	before := ""
	for {
		b, err := c.Store.Head(ctx, id)
		if err != nil {
			return interrupted(ctx, io, id, err)
		}
		p, err := progressOf(ctx, c, *b, time.Now())
		if err != nil {
			return interrupted(ctx, io, id, err)
		}
		if counts := strings.Join(p.row(), " "); counts != before && !asJSON {
			io.Printf("%s\n", p.line(time.Now()))
			before = counts
		}
		if p.over() {
			return p.print(io, asJSON)
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return interrupted(ctx, io, id, ctx.Err())
		}
	}
}

// over reports whether nothing of the backfill runs any more.
func (p Progress) over() bool { return p.Final() && p.Waiting+p.active()+p.Runs[run.Queued] == 0 }

// print ends follow.
func (p Progress) print(io *terminal.IO, asJSON bool) error {
	if asJSON {
		if err := io.JSON(p); err != nil {
			return err
		}
	} else {
		p.notes(io)
	}
	if len(p.Failed) > 0 || p.State == backfill.Cancelled {
		return exit.Silent(exit.CodeFailed)
	}
	return nil
}

func interrupted(ctx context.Context, io *terminal.IO, id string, err error) error {
	if ctx.Err() == nil {
		return err
	}
	io.Notef("the backfill goes on; follow it with: ephemr backfills %s -f, end it with: ephemr backfill cancel %s\n", id, id)
	return exit.Silent(exit.CodeInterrupted)
}
