package calendar

import (
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/run"
	"ephemr/internal/view/calendarview"
)

const layout = "2006-01-02 15:04"

// show prints the dates and then the next planned times. States are words, so that they
// can be told apart without colours.
func show(io *terminal.IO, c *calendarview.Calendar) {
	if c.Earlier > 0 {
		io.Notef("%s before these; list them with --from\n", terminal.Count(c.Earlier, "date"))
	}
	var rows [][]string
	for _, d := range c.Dates {
		for _, cell := range d.Cells {
			rows = append(rows, []string{
				local(d.Local, d.Timezone), paint(io.OutStyle(), cell.State), cell.By, cell.RunID, d.Schedule + " " + d.Timezone, terminal.OneLine(cell.Reason),
			})
		}
	}
	if len(rows) == 0 {
		io.Notef("no dates of %s in this time\n", c.Pipeline)
	} else {
		io.Table([]string{"DATE", "STATE", "BY", "RUN", "SCHEDULE", "REASON"}, rows)
	}
	if len(c.Next) == 0 {
		return
	}
	var next [][]string
	for _, n := range c.Next {
		next = append(next, []string{local(n.Local, n.Timezone), n.Planned.UTC().Format(layout), n.Schedule + " " + n.Timezone})
	}
	io.Printf("\n")
	if c.Paused {
		io.Notef("the pipeline is paused: the next dates are not requested until it is resumed\n")
	}
	io.Table([]string{"NEXT", "UTC", "SCHEDULE"}, next)
}

// local is a time as the clocks of its zone show it.
func local(text, zone string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	if loc, err := time.LoadLocation(zone); err == nil {
		t = t.In(loc)
	}
	return t.Format(layout + " MST")
}

func paint(style terminal.Style, s calendarview.State) string {
	switch s {
	case calendarview.Succeeded:
		return style.State(run.Succeeded, string(s))
	case calendarview.Failed:
		return style.State(run.Failed, string(s))
	case calendarview.Running:
		return style.State(run.Running, string(s))
	case calendarview.Queued, calendarview.Due:
		return style.State(run.Queued, string(s))
	case calendarview.Cancelled:
		return style.State(run.Cancelled, string(s))
	case calendarview.Missing:
		return style.Red(string(s))
	case calendarview.Skipped, calendarview.Scheduled:
	}
	return style.Dim(string(s))
}
