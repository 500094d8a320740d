package demo

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/local/flights"
	"ephemr/internal/run"
)

// shown is how many rows of the result are printed.
const shown = 12

// show prints what the run has published, and holds it against what plain Go
// makes of the same upload.
func (d *Demo) show(ctx context.Context, rec *run.Record, upload []byte) error {
	if rec.Run.Publication == nil {
		return fmt.Errorf("run %s has published nothing", rec.Run.ID)
	}
	published, err := flights.Published(ctx, d.s3, rec.Run.Publication.Location)
	if err != nil {
		return err
	}
	published = slices.DeleteFunc(published, func(row flights.Delay) bool { return row.Month != d.month() })
	expected, count, err := flights.Delays(bytes.NewReader(upload))
	if err != nil {
		return err
	}
	d.head(fmt.Sprintf("4. The result: delays of %d flights (%d could not be used)", count.Kept, count.Dropped))
	d.table(published)
	if diff := Compare(published, expected); diff != "" {
		return fmt.Errorf("the result differs from what Go makes of the same upload: %s", diff)
	}
	d.IO.Printf("all %d rows are what a second computation, in Go, makes of the same upload\n", len(expected))
	if err := Declare(ctx, d.Region); err != nil { // for the days that are new
		return err
	}
	d.next(rec)
	return nil
}

func (d *Demo) month() string { return fmt.Sprintf("2013-%02d", d.Month) }

func (d *Demo) next(rec *run.Record) {
	id := rec.Run.ID
	d.IO.Printf(`
%s in %s
on AWS     %s
data       %s
region     emulator %s, EMR %s
logs       %s/log

Next:
  eval "$(dist/bin/laptop env)"      work in the region, with aws or ephemr
  dist/bin/ephemr show %s
  dist/bin/ephemr logs %s
  dist/bin/ephemr query --saved delays --param month=%s
  dist/bin/ephemr start flights-daily --param input=flights/
  make down
`, id, terminal.Duration(time.Since(d.begun)), price(rec),
		rec.Run.Publication.Location, d.Region.Endpoint, d.Region.EMR, d.Region.Dir, id, id, d.month())
}

// price says what the run's cluster would have cost.
func price(rec *run.Record) string {
	c := rec.Cluster()
	var units []string
	for _, u := range c.Units {
		units = append(units, fmt.Sprintf("%d %s", u.Count, u.Type))
	}
	return fmt.Sprintf("about %s at list price: %s for %s, and the minutes that a cluster there takes to come up",
		terminal.Dollars(rec.Run.CostUSD), strings.Join(units, " and "), terminal.Duration(c.EndedAt.Sub(c.CreatedAt)))
}

// table prints the rows with the most flights.
func (d *Demo) table(rows []flights.Delay) {
	most := slices.Clone(rows)
	slices.SortStableFunc(most, func(a, b flights.Delay) int { return int(b.Flights - a.Flights) })
	var cells [][]string
	for _, r := range most[:min(shown, len(most))] {
		cells = append(cells, []string{
			r.Month, r.Carrier, r.Origin, strconv.FormatInt(r.Flights, 10), minutes(r.DepDelay), minutes(r.ArrDelay),
			fmt.Sprintf("%.0f %%", 100*r.LateShare), minutes(r.WorstDelay),
		})
	}
	d.IO.Table([]string{"MONTH", "CARRIER", "FROM", "FLIGHTS", "DEPARTURE DELAY", "ARRIVAL DELAY", "LATE BY 15 MIN", "WORST"}, cells)
	if rest := len(most) - shown; rest > 0 {
		d.IO.Printf("and %d more\n", rest)
	}
}

func minutes(m float64) string { return fmt.Sprintf("%.1f min", m) }

// Compare says where two sorted results differ by more than rounding; "" is nowhere.
func Compare(got, want []flights.Delay) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows instead of %d", len(got), len(want))
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(b)) }
	for i, w := range want {
		g := got[i]
		same := g.Month == w.Month && g.Carrier == w.Carrier && g.Origin == w.Origin && g.Flights == w.Flights
		if !same || !near(g.DepDelay, w.DepDelay) || !near(g.ArrDelay, w.ArrDelay) || !near(g.LateShare, w.LateShare) || !near(g.WorstDelay, w.WorstDelay) {
			return fmt.Sprintf("%+v instead of %+v", g, w)
		}
	}
	return ""
}
