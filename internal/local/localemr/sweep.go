package localemr

import "sync"

// sweepRounds bounds the hunt for a process that forks while it is hunted.
const sweepRounds = 10

// marked tells whether a process with this mark is to be killed.
type marked func(cluster, process string) bool

// sweeper kills marked processes, also those that left their process group or
// session. A process that cleared its environment escapes. Looking at every
// process of the machine is not free, so those who want it at the same time
// share one look.
type sweeper struct {
	mu      sync.Mutex
	next    *sweepRound // gathers requests; not yet looked for
	running bool
}

type sweepRound struct {
	wanted []marked
	done   chan struct{}
}

// sweep returns when no process is left that match wants killed.
func (s *sweeper) sweep(match marked) {
	s.mu.Lock()
	if s.next == nil {
		s.next = &sweepRound{done: make(chan struct{})}
	}
	round := s.next
	round.wanted = append(round.wanted, match)
	if !s.running {
		s.running = true
		go s.run()
	}
	s.mu.Unlock()
	<-round.done
}

// run serves rounds until nobody asks for another one.
func (s *sweeper) run() {
	for round := s.take(); round != nil; round = s.take() {
		for range sweepRounds {
			if !killMarked(round.matches) {
				break
			}
		}
		close(round.done)
	}
}

func (s *sweeper) take() *sweepRound {
	s.mu.Lock()
	defer s.mu.Unlock()
	round := s.next
	s.next = nil
	s.running = round != nil
	return round
}

func (r *sweepRound) matches(cluster, process string) bool {
	for _, match := range r.wanted {
		if match(cluster, process) {
			return true
		}
	}
	return false
}
