package localemr

import (
	"maps"
	"sync"
)

// callCounter counts the API calls, so that tests can check a client's budget.
type callCounter struct {
	mu    sync.Mutex
	calls Calls
}

// Calls is the answer of GET /_localemr/calls. Refused calls (throttled or failed
// by a fault before their effect) are counted in both tables.
type Calls struct {
	Total      map[string]int            `json:"total"`      // by operation, since the server started
	SinceReset map[string]int            `json:"sinceReset"` // by operation
	Refused    map[string]int            `json:"refused"`    // by operation, since the reset
	ByCluster  map[string]map[string]int `json:"byCluster"`  // cluster id, operation; since the reset
}

func newCallCounter() *callCounter {
	return &callCounter{calls: Calls{
		Total: map[string]int{}, SinceReset: map[string]int{}, Refused: map[string]int{}, ByCluster: map[string]map[string]int{},
	}}
}

func (b *callCounter) count(op string, clusters []string, refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls.Total[op]++
	b.calls.SinceReset[op]++
	if refused {
		b.calls.Refused[op]++
	}
	for _, id := range clusters {
		if b.calls.ByCluster[id] == nil {
			b.calls.ByCluster[id] = map[string]int{}
		}
		b.calls.ByCluster[id][op]++
	}
}

func (b *callCounter) reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls.SinceReset = map[string]int{}
	b.calls.Refused = map[string]int{}
	b.calls.ByCluster = map[string]map[string]int{}
}

func (b *callCounter) read() Calls {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := Calls{
		Total: maps.Clone(b.calls.Total), SinceReset: maps.Clone(b.calls.SinceReset),
		Refused: maps.Clone(b.calls.Refused), ByCluster: map[string]map[string]int{},
	}
	for id, ops := range b.calls.ByCluster {
		out.ByCluster[id] = maps.Clone(ops)
	}
	return out
}
