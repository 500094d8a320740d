package trace

import (
	"slices"
	"time"
)

// Sample is a set of measured times.
type Sample []time.Duration

// Quantile returns the value below which the share q of the sample lies,
// interpolated between neighbours; 0 for an empty sample.
func (s Sample) Quantile(q float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + time.Duration((at-float64(i))*float64(sorted[i+1]-sorted[i]))
}

// Median is the middle of the sample.
func (s Sample) Median() time.Duration { return s.Quantile(0.5) }

// Sum adds the sample up.
func (s Sample) Sum() time.Duration {
	var sum time.Duration
	for _, d := range s {
		sum += d
	}
	return sum
}
