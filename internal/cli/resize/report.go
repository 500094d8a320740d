package resize

import (
	"fmt"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr/resize"
)

// report prints the new size of the cluster.
func (w *waiter) report(o Options, out resize.Output) error {
	if o.JSON {
		return w.io.JSON(out)
	}
	style := w.io.OutStyle()
	if o.Ask.Empty() {
		w.table(out)
		return nil
	}
	for _, f := range out.Fleets {
		if f.Asked == nil {
			continue
		}
		text := fmt.Sprintf("%s: requested %d, running %d%s", f.Kind, *f.Asked, f.Has, made(f))
		switch {
		case f.Done:
			text = style.Green(text)
		case f.Reason != "":
			text = style.Yellow(text) + ": " + terminal.OneLine(f.Reason)
		default:
			text = style.Yellow(text) + ", " + f.State
		}
		w.io.Printf("%s\n", text)
	}
	if o.Ask.Limits != nil && out.Limits != nil {
		w.io.Printf("managed scaling: %s\n", out.Limits)
	}
	if o.Ask.Steps != nil {
		w.io.Printf("step concurrency: %d\n", out.Steps)
	}
	w.afterwards(o, out)
	return nil
}

// afterwards explains an incomplete resize and how to continue.
func (w *waiter) afterwards(o Options, out resize.Output) {
	style := w.io.ErrStyle()
	switch {
	case out.Done:
		if len(out.Changed) == 0 {
			w.io.Notef("%s\n", style.Dim("no change: the cluster already has this size"))
		}
	case o.NoWait:
		w.io.Notef("%s\n", style.Dim("resize in progress; check it with: ephemr resize "+w.name))
	case out.Stuck != "":
		w.io.Notef("%s %s\n", style.Red("not completed:"), terminal.OneLine(out.Stuck))
		w.io.Notef("%s\n", style.Dim("repeat the command to retry, or request another size"))
	default:
		w.io.Notef("%s not within %s; the resize continues\n", style.Red("not completed:"), terminal.Duration(w.patience))
		w.io.Notef("%s\n", style.Dim("check it with: ephemr resize "+w.name))
	}
}

// made describes units: (m5.xlarge, m5a.xlarge; 1 On-Demand, 3 Spot).
func made(f resize.Part) string {
	var parts []string
	if len(f.Types) > 0 {
		parts = append(parts, strings.Join(f.Types, ", "))
	}
	if f.Has > 0 {
		parts = append(parts, bought(f))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

func bought(f resize.Part) string {
	var parts []string
	if f.OnDemand > 0 {
		parts = append(parts, fmt.Sprintf("%d On-Demand", f.OnDemand))
	}
	if f.Spot > 0 {
		parts = append(parts, fmt.Sprintf("%d Spot", f.Spot))
	}
	return strings.Join(parts, ", ")
}

// table prints the current size of a cluster.
func (w *waiter) table(out resize.Output) {
	var rows [][]string
	for _, f := range out.Fleets {
		state := f.State
		if f.Reason != "" {
			state += ": " + terminal.OneLine(f.Reason)
		}
		rows = append(rows, []string{f.Kind, fmt.Sprint(f.Has), fmt.Sprint(f.Target), bought(f), strings.Join(f.Types, " "), state})
	}
	w.io.Printf("%s %s\n\n", w.io.OutStyle().Bold(out.ClusterID), out.State)
	w.io.Table([]string{"FLEET", "RUNNING", "TARGET", "PURCHASED", "TYPES", "STATE"}, rows)
	w.io.Printf("\nstep concurrency: %d\n", out.Steps)
	if out.Limits != nil {
		w.io.Printf("managed scaling: %s\n", out.Limits)
	}
}

// progress is the text of the status line.
func (w *waiter) progress(out resize.Output) string {
	var parts []string
	for _, f := range out.Fleets {
		if f.Asked != nil {
			parts = append(parts, fmt.Sprintf("%s %d of %d %s", f.Kind, f.Has, *f.Asked, strings.ToLower(f.State)))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "managed scaling of "+out.ClusterID)
	}
	return fmt.Sprintf("%s, waiting up to %s", strings.Join(parts, ", "), terminal.Duration(w.patience.Round(time.Second)))
}
