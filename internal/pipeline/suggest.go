package pipeline

import "strings"

// maxSuggest keeps closest cheap; no name is longer.
const maxSuggest = 64

// closest returns the candidate that name is most likely a slip of, or "".
func closest(name string, candidates []string) string {
	best, bestDistance := "", 1+min(2, len(name)/2)
	if len(name) > maxSuggest {
		return ""
	}
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		if d := distance(name, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// didYouMean turns the answer of closest into advice.
func didYouMean(meant string, candidates []string) string {
	switch {
	case meant != "":
		return "did you mean " + meant + "?"
	case len(candidates) == 0:
		return "there are none"
	default:
		return "use one of " + strings.Join(candidates, ", ")
	}
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to turn a into b.
func distance(a, b string) int {
	var before []int // the row before the last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
