package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
)

// storm is the load on the region, and what was counted meanwhile.
type storm struct {
	*region
	o        Options
	begun    time.Time
	requests []evidence.Request

	mu        sync.Mutex
	sent      int // of requests
	faultsEnd time.Duration
	workers   map[string]int // killed, by function
	restarts  int
	cancels   int
	retries   int
	overlaps  []overlap
	most      int // clusters alive at once
	samples   int
	unsettled int
}

// lookEvery is the interval between two progress reports.
const lookEvery = 3 * time.Second

func newStorm(r *region, o Options, begun time.Time) *storm {
	return &storm{region: r, o: o, begun: begun, requests: newRequests(o.Runs, o.Seed), workers: map[string]int{}}
}

// count changes what storm has counted.
func (s *storm) count(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// random is a source of its own for each part, so that parts are independent.
func (s *storm) random(part uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.o.Seed, part)) //nolint:gosec // to be repeatable
}

func (s *storm) clock() string { return fmt.Sprintf("%4.0f s", time.Since(s.begun).Seconds()) }

// left is the time until evidence must be collected.
func (s *storm) left() time.Duration {
	return time.Until(s.begun.Add(s.o.Max - forLooking - forEnding))
}

// late says whether the remaining time is needed for runs to end.
func (s *storm) late() bool { return s.left() < min(forSettling, s.o.Max/2) }

// play sends all requests and returns when all runs have ended and nothing is
// left, or when the time is over. Faults and kills end when few runs are active,
// so that a recent fault does not explain what is left.
func (s *storm) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.left())
	defer cancel()
	if err := s.inject(ctx, faultsOf(s.o.Kinds)); err != nil {
		return err
	}
	faulty, endFaults := context.WithCancel(ctx)
	defer endFaults()
	var parts sync.WaitGroup
	for _, part := range []func(){
		func() { s.send(ctx) }, func() { s.tick(ctx) }, func() { s.watch(ctx) }, func() { s.changeRuns(faulty) },
		func() { s.killWorkers(faulty) }, func() { s.killEMR(faulty) },
	} {
		parts.Go(part)
	}
	defer func() { cancel(); parts.Wait() }()
	for pause(ctx, lookEvery) {
		n, err := s.look(ctx)
		if err != nil {
			continue // the emulator is overloaded
		}
		rest := s.rest()
		if rest == 0 && n <= s.o.Parallel || s.late() {
			s.end(ctx, endFaults)
		}
		if rest == 0 && n == 0 && s.clean(ctx) {
			break
		}
	}
	return nil
}

// end ends faults and kills once.
func (s *storm) end(ctx context.Context, endFaults func()) {
	if s.faultsEnd > 0 {
		return
	}
	endFaults()
	if err := s.inject(ctx, nil); err != nil {
		return // repeated at the next report
	}
	s.faultsEnd = time.Since(s.begun)
	_, _ = fmt.Fprintf(s.o.Log, "%s: faults end\n", s.clock())
}

// rest is how many requests have not been sent.
func (s *storm) rest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests) - s.sent
}

// look counts the requests that have not ended and reports progress.
func (s *storm) look(ctx context.Context) (int, error) {
	s.mu.Lock()
	sent := append([]evidence.Request{}, s.requests[:s.sent]...)
	s.mu.Unlock()
	all, err := s.all(ctx)
	if err != nil {
		return 0, err
	}
	states := map[run.State]int{}
	for _, x := range all {
		states[x.State]++
	}
	n := len(evidence.Unsettled(sent, all))
	s.count(func() { s.unsettled = n })
	alive := s.alive(ctx)
	_, _ = fmt.Fprintf(s.o.Log, "%s: %d of %d requests sent, %d not ended; %v, %d clusters\n", s.clock(), len(sent), len(s.requests), n, states, alive)
	return n, nil
}

// clean says whether nothing is left of runs that have ended.
func (s *storm) clean(ctx context.Context) bool {
	left, err := s.leftovers(ctx)
	if err != nil {
		return false
	}
	return len(left.Waiters)+len(left.Slots)+len(left.Executions) == 0 && s.alive(ctx) == 0
}

// alive counts EMR's active clusters; -1 when it does not answer.
func (s *storm) alive(ctx context.Context) int {
	s.region.mu.Lock()
	defer s.region.mu.Unlock()
	_, n, err := s.sample(ctx)
	if err != nil {
		return -1
	}
	return n
}
