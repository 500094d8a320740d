package pipeline

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxSuggest keeps closest cheap; no name is longer.
const maxSuggest = 64

// closest returns the candidate that name is most likely a misspelling of, or "".
func closest(name string, candidates []string) string {
	best, bestDistance := "", 1+min(2, len(name)/2)
	if len(name) > maxSuggest {
		return ""
	}
	for _, c := range candidates {
		if strings.EqualFold(c, name) {
			return c
		}
		d := levenshtein.ComputeDistance(name, c)
		if d == 2 && sameLetters(name, c) { // two letters swapped
			d = 1
		}
		if d < bestDistance {
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

func sameLetters(a, b string) bool {
	return slices.Equal(slices.Sorted(strings.SplitSeq(a, "")), slices.Sorted(strings.SplitSeq(b, "")))
}
