package flights

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// late is the arrival delay, in minutes, from which a flight counts as late.
const late = 15

// implausible is the delay, in minutes, from which a row is dropped as invalid.
const implausible = 48 * 60

// Delay is a row of the published statistics: a carrier's flights from an
// airport in a month. Delays are in minutes; negative is early.
type Delay struct {
	Month      string  `parquet:"flight_month,optional"` // 2013-01
	Carrier    string  `parquet:"carrier,optional"`
	Origin     string  `parquet:"origin,optional"`
	Flights    int64   `parquet:"flights,optional"`
	DepDelay   float64 `parquet:"dep_delay,optional"`  // mean
	ArrDelay   float64 `parquet:"arr_delay,optional"`  // mean
	LateShare  float64 `parquet:"late_share,optional"` // 0..1
	WorstDelay float64 `parquet:"worst_delay,optional"`
}

// Count is how many rows of the input were kept and dropped.
type Count struct{ Kept, Dropped int64 }

// Delays computes the statistics from gzipped CSV.
func Delays(gzipped io.Reader) ([]Delay, Count, error) {
	var n Count
	z, err := gzip.NewReader(gzipped)
	if err != nil {
		return nil, n, fmt.Errorf("read flights: %w", err)
	}
	r := csv.NewReader(z)
	r.ReuseRecord = true
	columns, err := header(r)
	if err != nil {
		return nil, n, err
	}
	sums, seen := map[Delay]*Delay{}, map[string]bool{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return means(sums), n, nil
		}
		if err != nil {
			return nil, n, fmt.Errorf("read flights: %w", err)
		}
		f := flight{row, columns}
		id := f.get("carrier") + "-" + f.get("flight") + "-" + f.get("time_hour")
		dep, depErr := strconv.ParseFloat(f.get("dep_delay"), 64) // NA: cancelled
		arr, arrErr := strconv.ParseFloat(f.get("arr_delay"), 64) // NA: diverted
		if depErr != nil || arrErr != nil || seen[id] || math.Abs(dep) > implausible || math.Abs(arr) > implausible {
			n.Dropped++
			continue
		}
		seen[id] = true
		n.Kept++
		f.add(sums, dep, arr)
	}
}

type flight struct {
	row     []string
	columns map[string]int
}

func (f flight) get(name string) string { return f.row[f.columns[name]] }

func (f flight) add(sums map[Delay]*Delay, dep, arr float64) {
	month, _ := strconv.Atoi(f.get("month")) // 0 would show
	key := Delay{Month: fmt.Sprintf("%s-%02d", f.get("year"), month), Carrier: f.get("carrier"), Origin: f.get("origin")}
	d, ok := sums[key]
	if !ok {
		d = new(key)
		d.WorstDelay = arr
		sums[key] = d
	}
	d.Flights++
	d.DepDelay += dep
	d.ArrDelay += arr
	d.WorstDelay = max(d.WorstDelay, arr)
	if arr >= late {
		d.LateShare++
	}
}

func means(sums map[Delay]*Delay) []Delay {
	out := make([]Delay, 0, len(sums))
	for _, d := range sums {
		n := float64(d.Flights)
		d.DepDelay, d.ArrDelay, d.LateShare = d.DepDelay/n, d.ArrDelay/n, d.LateShare/n
		out = append(out, *d)
	}
	Sort(out)
	return out
}

// Sort orders by month, carrier and origin.
func Sort(all []Delay) {
	slices.SortFunc(all, func(a, b Delay) int {
		return cmp.Or(cmp.Compare(a.Month, b.Month), cmp.Compare(a.Carrier, b.Carrier), cmp.Compare(a.Origin, b.Origin))
	})
}

func header(r *csv.Reader) (map[string]int, error) {
	names, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read flights: %w", err)
	}
	columns := make(map[string]int, len(names))
	for i, name := range names {
		columns[name] = i
	}
	for _, need := range []string{"year", "month", "carrier", "flight", "origin", "dep_delay", "arr_delay", "time_hour"} {
		if _, ok := columns[need]; !ok {
			return nil, fmt.Errorf("read flights: there is no column %s", need)
		}
	}
	return columns, nil
}
