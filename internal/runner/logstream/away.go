package logstream

import "fmt"

// leave says that CloudWatch has not responded for long. From then on the program is
// not held up: what is pending is kept, what finds no room is dropped and counted.
func (s *Stream) leave(why error) {
	s.mu.Lock()
	first := !s.away
	s.away = true
	s.room.Broadcast()
	s.mu.Unlock()
	if first {
		_, _ = fmt.Fprintf(s.notices, "ephemr: log stream %s of %s is not available, retrying: %v\n", s.name, s.group, why)
	}
}

// back says that CloudWatch responds again.
func (s *Stream) back() {
	s.mu.Lock()
	was, dropped := s.away, s.dropped
	s.away = false
	s.mu.Unlock()
	if was {
		_, _ = fmt.Fprintf(s.notices, "ephemr: log stream %s of %s is available again, %d lines are missing there\n", s.name, s.group, dropped)
	}
}

func (s *Stream) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// gap queues a line in place of those that were dropped, as the first of a batch: the
// one before it was full. s.mu must be held.
func (s *Stream) gap() {
	if s.dropped > 0 {
		s.queue(fmt.Sprintf("ephemr: %d lines are missing here, because CloudWatch Logs was not available; EMR archives them", s.dropped))
		s.dropped = 0
	}
}
