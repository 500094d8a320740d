package job

import (
	"maps"
	"slices"
	"strings"
)

// Limits of the findings of a result: a run has one item of 400 KiB at most for each
const (
	maxFindings = 96 << 10 // bytes, without samples
	maxSamples  = 64 << 10 // bytes
	maxValue    = 400      // bytes of a value of a sample
	maxColumns  = 40       // values of a sample
	maxText     = 500      // bytes
	maxName     = 100      // bytes of the name of a column
)

// FitFindings returns those that fit into a record and into a Result: what failed goes
// before what is as expected, and the order stays. Texts are cut.
func FitFindings(all []Finding) []Finding {
	keep := make([]bool, len(all))
	size, samples := 0, 0
	for _, failed := range []bool{true, false} {
		for i, f := range all {
			if f.OK == failed {
				continue
			}
			f.Dataset, f.Expect, f.Found, f.Source = Clip(f.Dataset, maxText), Clip(f.Expect, maxText), Clip(f.Found, maxText), Clip(f.Source, maxSource)
			f.Bytes, f.Seconds = max(f.Bytes, 0), max(f.Seconds, 0)
			f.Samples = sampled(f.Samples, &samples)
			all[i] = f
			bytes := len(f.Dataset) + len(f.Expect) + len(f.Found) + perFinding
			if keep[i] = size+bytes <= maxFindings; keep[i] {
				size += bytes
			}
		}
	}
	var kept []Finding
	for i, f := range all {
		if keep[i] {
			kept = append(kept, f)
		}
	}
	return kept
}

const (
	maxSource  = 20
	perFinding = 120 // bytes of the other attributes and of all names
	perSample  = 40
)

// sampled returns the samples that fit, and adds their size.
func sampled(all []Sample, size *int) []Sample {
	var kept []Sample
	for _, s := range all[:min(len(all), MaxSamples)] {
		row := Sample{File: Clip(s.File, maxText), Row: s.Row, Values: map[string]string{}}
		bytes := len(row.File) + perSample
		names := slices.Sorted(maps.Keys(s.Values))
		for _, name := range names[:min(len(names), maxColumns)] {
			if short := Clip(name, maxName); short != "" {
				row.Values[short] = Clip(s.Values[name], maxValue)
				bytes += len(short) + len(row.Values[short])
			}
		}
		if *size+bytes > maxSamples {
			break
		}
		*size += bytes
		kept = append(kept, row)
	}
	return kept
}

// Clip shortens s to at most n bytes of valid UTF-8.
func Clip(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
