package pipeline

import (
	"regexp"
	"strconv"
)

var costPattern = regexp.MustCompile(`^([0-9]{1,9}(\.[0-9]{1,2})?) USD$`)

// MostUSD is how much a run may cost; 0 = any amount.
func (l Limits) MostUSD() float64 {
	m := costPattern.FindStringSubmatch(l.Cost)
	if m == nil {
		return 0
	}
	usd, _ := strconv.ParseFloat(m[1], 64) // the pattern is that of a number
	return usd
}
