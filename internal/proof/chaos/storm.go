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

// storm is what happens to the region between its coming up and its judgement.
type storm struct {
	*region
	o     Options
	begun time.Time
	asks  []evidence.Ask

	mu        sync.Mutex
	sent      int // of asks
	calm      time.Duration
	workers   map[string]int // killed, by function
	bounces   int
	cancels   int
	retries   int
	doubles   []double
	most      int // clusters alive at once
	samples   int
	unsettled int
}

// lookEvery is how often it is looked how far it is.
const lookEvery = 3 * time.Second

func newStorm(r *region, o Options, begun time.Time) *storm {
	return &storm{region: r, o: o, begun: begun, asks: asks(o.Runs, o.Seed), workers: map[string]int{}}
}

// count changes what storm has counted.
func (s *storm) count(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// random is a source of its own for each part, so that parts do not disturb
// each other.
func (s *storm) random(part uint64) *rand.Rand {
	return rand.New(rand.NewPCG(s.o.Seed, part)) //nolint:gosec // to be repeatable
}

func (s *storm) clock() string { return fmt.Sprintf("%4.0f s", time.Since(s.begun).Seconds()) }

// left is how much time there is before it has to be looked at what is left.
func (s *storm) left() time.Duration {
	return time.Until(s.begun.Add(s.o.Max - forLooking - forEnding))
}

// late says whether there is only time left to let things end.
func (s *storm) late() bool { return s.left() < min(forSettling, s.o.Max/2) }

// play sends everything and returns when all is over and nothing is left, or
// when the time is. Faults and kills end when little is under way any more, so
// that what is left in the end was not left by a fault of a second ago.
func (s *storm) play(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.left())
	defer cancel()
	if err := s.inject(ctx, of(s.o.Kinds)); err != nil {
		return err
	}
	rough, soothe := context.WithCancel(ctx)
	defer soothe()
	var parts sync.WaitGroup
	for _, part := range []func(){
		func() { s.send(ctx) }, func() { s.tick(ctx) }, func() { s.watch(ctx) }, func() { s.meddle(rough) },
		func() { s.killWorkers(rough) }, func() { s.killEMR(rough) },
	} {
		parts.Go(part)
	}
	defer func() { cancel(); parts.Wait() }()
	for pause(ctx, lookEvery) {
		n, err := s.look(ctx)
		if err != nil {
			continue // the emulator is busy
		}
		rest := s.rest()
		if rest == 0 && n <= s.o.Parallel || s.late() {
			s.end(ctx, soothe)
		}
		if rest == 0 && n == 0 && s.clean(ctx) {
			break
		}
	}
	return nil
}

// end ends faults and kills, once.
func (s *storm) end(ctx context.Context, soothe func()) {
	if s.calm > 0 {
		return
	}
	soothe()
	if err := s.inject(ctx, nil); err != nil {
		return // the next look comes soon
	}
	s.calm = time.Since(s.begun)
	_, _ = fmt.Fprintf(s.o.Log, "%s: faults end\n", s.clock())
}

// rest is how many requests have not been sent.
func (s *storm) rest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asks) - s.sent
}

// look counts the requests that have not come to an end, and says how far it is.
func (s *storm) look(ctx context.Context) (int, error) {
	s.mu.Lock()
	sent := append([]evidence.Ask{}, s.asks[:s.sent]...)
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
	_, _ = fmt.Fprintf(s.o.Log, "%s: %d of %d sent, %d not over; %v, %d clusters\n", s.clock(), len(sent), len(s.asks), n, states, alive)
	return n, nil
}

// clean says whether nothing is left of runs that are over.
func (s *storm) clean(ctx context.Context) bool {
	left, err := s.leftovers(ctx)
	if err != nil {
		return false
	}
	return len(left.Waiters)+len(left.Slots)+len(left.Executions) == 0 && s.alive(ctx) == 0
}

// alive counts EMR's clusters; -1 when it does not answer.
func (s *storm) alive(ctx context.Context) int {
	s.region.mu.Lock()
	defer s.region.mu.Unlock()
	_, n, err := s.sample(ctx)
	if err != nil {
		return -1
	}
	return n
}
