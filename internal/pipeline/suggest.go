package pipeline

import "strings"

// closest returns the candidate that name is most likely a slip of, or "".
func closest(name string, candidates []string) string {
	best, bestDistance := "", 1+min(2, len(name)/2)
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

// distance counts the letters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
