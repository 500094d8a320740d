package terminal

import (
	"strings"

	"ephemr/internal/run"
)

// Cost formats the estimated cost of a run for a table: "at least", if it has instance
// types without a price.
func Cost(r run.Run) string {
	if r.Cost == nil || len(r.Cost.Unknown) == 0 {
		return Dollars(r.CostUSD)
	}
	if r.Cost.EC2 <= 0 {
		return "unknown"
	}
	return "at least " + Dollars(r.CostUSD)
}

// AboutCost formats the estimated cost of a run for a sentence; "" if there is none.
func AboutCost(r run.Run) string {
	switch {
	case r.Cost != nil && len(r.Cost.Unknown) > 0:
		return Cost(r) + ": no price is known for " + strings.Join(r.Cost.Unknown, ", ")
	case r.CostUSD > 0:
		return About(r.CostUSD)
	}
	return ""
}
