package localemr

import "sync"

// sweepRounds bounds the search for processes that fork meanwhile.
const sweepRounds = 10

// marked says whether a process with this mark is to be killed.
type marked func(cluster, process string) bool

// sweeper kills marked processes, also those that left their process group or
// session, but not those that cleared their environment. Reading all processes of
// the machine is expensive, so concurrent requests share one round.
type sweeper struct {
	mu      sync.Mutex
	next    *sweepRound // collects requests; not started
	running bool
}

type sweepRound struct {
	wanted []marked
	done   chan struct{}
}

// sweep returns when no process that matches is left.
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

// run executes rounds until none is requested.
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
