package result

import (
	"maps"
	"slices"

	"ephemr/internal/job"
)

// Limits of the findings of a result: a run has one item of 400 KiB at most for each job.
const (
	maxFindings = 96 << 10 // bytes, without samples
	maxSamples  = 64 << 10 // bytes
	maxValue    = 400      // bytes of a value of a sample
	maxColumns  = 40       // values of a sample
)

// Findings returns those that fit: what failed goes before what is as expected, and the
// order stays.
func Findings(all []job.Finding) []job.Finding {
	keep := make([]bool, len(all))
	size, samples := 0, 0
	for _, failed := range []bool{true, false} {
		for i, f := range all {
			if f.OK == failed {
				continue
			}
			f.Dataset, f.Expect, f.Found, f.Source = clip(f.Dataset, maxLine), clip(f.Expect, maxLine), clip(f.Found, maxLine), clip(f.Source, maxSource)
			f.Bytes, f.Seconds = max(f.Bytes, 0), max(f.Seconds, 0)
			f.Samples = sampled(f.Samples, &samples)
			all[i] = f
			bytes := len(f.Dataset) + len(f.Expect) + len(f.Found) + perFinding
			if keep[i] = size+bytes <= maxFindings; keep[i] {
				size += bytes
			}
		}
	}
	var kept []job.Finding
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
func sampled(all []job.Sample, size *int) []job.Sample {
	var kept []job.Sample
	for _, s := range all[:min(len(all), job.MaxSamples)] {
		row := job.Sample{File: clip(s.File, maxLine), Row: s.Row, Values: map[string]string{}}
		bytes := len(row.File) + perSample
		names := slices.Sorted(maps.Keys(s.Values))
		for _, name := range names[:min(len(names), maxColumns)] {
			if short := clip(name, maxProcess); short != "" {
				row.Values[short] = clip(s.Values[name], maxValue)
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
