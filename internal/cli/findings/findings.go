// Package findings prints what checks have found.
package findings

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/job"
)

// Print prints a table of findings, and sample rows of those that are not as expected.
func Print(io *terminal.IO, all []job.Finding) {
	if len(all) == 0 {
		return
	}
	io.Printf("\n")
	var rows [][]string
	for _, f := range all {
		rows = append(rows, []string{mark(io, f), f.Dataset, terminal.OneLine(f.Expect), terminal.OneLine(f.Found), source(f)})
	}
	io.Table([]string{"CHECK", "DATASET", "EXPECTED", "FOUND", "SOURCE"}, rows)
	for _, f := range all {
		samples(io, f)
	}
}

func mark(io *terminal.IO, f job.Finding) string {
	switch verdict := f.Verdict(); verdict {
	case "FAILED":
		return io.OutStyle().Red(verdict)
	case "warning":
		return io.OutStyle().Yellow(verdict)
	default:
		return io.OutStyle().Green(verdict)
	}
}

// source says where a finding comes from, and what it took to read.
func source(f job.Finding) string {
	if f.Bytes == 0 {
		return f.Source
	}
	return fmt.Sprintf("%s, %s in %s", f.Source, terminal.Bytes(f.Bytes), terminal.Duration(time.Duration(f.Seconds*float64(time.Second))))
}

// samples prints rows with a column for each of theirs.
func samples(io *terminal.IO, f job.Finding) {
	if len(f.Samples) == 0 {
		return
	}
	names := map[string]bool{}
	for _, s := range f.Samples {
		for name := range s.Values {
			names[name] = true
		}
	}
	columns := slices.Sorted(maps.Keys(names))
	header := []string{"ROW"}
	for _, name := range columns {
		header = append(header, strings.ToUpper(terminal.OneLine(name)))
	}
	var rows [][]string
	for _, s := range f.Samples {
		row := []string{strconv.FormatInt(s.Row, 10)}
		for _, name := range columns {
			value, ok := s.Values[name]
			if !ok {
				value = "null"
			}
			row = append(row, terminal.Clip(terminal.OneLine(value), widest))
		}
		rows = append(rows, append(row, terminal.OneLine(s.File)))
	}
	io.Printf("\nrows that are not as expected: %s\n", terminal.OneLine(f.Expect))
	io.Table(append(header, "FILE"), rows)
}

// widest is the number of columns of a terminal that a value may use.
const widest = 32
