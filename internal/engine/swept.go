package engine

import "ephemr/events"

// Swept is what a sweep of an engine did and found.
type Swept struct {
	Repairs    []events.Repaired
	Unended    int // capacities whose end was refused: they go on, and cost
	Unreadable int // records that were skipped because they cannot be decoded
}
