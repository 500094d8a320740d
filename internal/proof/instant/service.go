// Package instant is a second engine, for tests: its capacity is ready at once,
// it has no pools, cannot resize and runs no Hive. It shows that the control
// plane needs nothing of EMR.
package instant

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"sync"
	"time"

	"ephemr/internal/proof/awsfake"
)

// AttemptEnded is the detail type of the service's event.
const AttemptEnded = "Instant Attempt Ended"

// State of an attempt.
type State string

// The states of an attempt.
const (
	Running   State = "RUNNING"
	Succeeded State = "SUCCEEDED"
	Failed    State = "FAILED"
	Cancelled State = "CANCELLED"
)

// Attempt is an attempt as the service knows it.
type Attempt struct {
	Capacity, Name string
	State          State
}

// Service is a service that takes client tokens: the names of capacities and
// attempts. What was closed is never opened again.
type Service struct {
	// Script says how long an attempt takes and whether it succeeds.
	Script func(capacity, attempt string) (time.Duration, bool)
	// Ignores reports that an attempt does not end when it is interrupted.
	Ignores func(capacity, attempt string) bool
	// OnCancel is called when an attempt is interrupted or killed.
	OnCancel func(capacity, attempt string, kill bool)
	// OnEvent gets each event.
	OnEvent func(detailType string, detail json.RawMessage)

	mu       sync.Mutex
	hooks    *awsfake.Hooks
	open     map[string]bool // by name; false = closed
	attempts map[string]*Attempt
}

// New returns a service without capacity.
func New() *Service {
	return &Service{open: map[string]bool{}, attempts: map[string]*Attempt{}}
}

// Use makes the service call hooks.
func (s *Service) Use(hooks *awsfake.Hooks) { s.mu.Lock(); defer s.mu.Unlock(); s.hooks = hooks }

// call has an effect under the lock, with whatever the hooks make of it.
func (s *Service) call(ctx context.Context, op string, effect func() error) error {
	s.mu.Lock()
	h := s.hooks
	s.mu.Unlock()
	locked := func() error { s.mu.Lock(); defer s.mu.Unlock(); return effect() }
	if h != nil && h.Around != nil {
		return h.Around(ctx, "Instant:"+op, locked)
	}
	return locked()
}

var errClosed = errors.New("capacity is closed")

func (s *Service) openCapacity(ctx context.Context, name string) error {
	return s.call(ctx, "Open", func() error {
		if is, known := s.open[name]; known && !is {
			return errClosed
		}
		s.open[name] = true
		return nil
	})
}

func (s *Service) closeCapacity(ctx context.Context, name string) error {
	return s.call(ctx, "Close", func() error {
		s.open[name] = false
		for _, a := range s.attempts {
			if a.Capacity == name && a.State == Running {
				a.State = Cancelled
			}
		}
		return nil
	})
}

func (s *Service) start(ctx context.Context, capacity, name string) error {
	return s.call(ctx, "Start", func() error {
		id := capacity + "/" + name
		switch {
		case !s.open[capacity]:
			return errClosed
		case s.attempts[id] != nil:
			return nil
		}
		a := &Attempt{capacity, name, Running}
		s.attempts[id] = a
		takes, good := s.Script(capacity, name)
		end := Failed
		if good {
			end = Succeeded
		}
		time.AfterFunc(takes, func() { s.end(a, end) })
		return nil
	})
}

// end ends an attempt that still runs and sends the event.
func (s *Service) end(a *Attempt, as State) {
	s.mu.Lock()
	running := a.State == Running
	if running {
		a.State = as
	}
	s.mu.Unlock()
	if running {
		detail, _ := json.Marshal(a.Capacity) // a string
		s.OnEvent(AttemptEnded, detail)
	}
}

func (s *Service) cancel(ctx context.Context, id string, kill bool) error {
	var hit *Attempt
	err := s.call(ctx, "Cancel", func() error {
		if a := s.attempts[id]; a != nil && a.State == Running {
			hit = a
		}
		return nil
	})
	if hit != nil && (kill || !s.Ignores(hit.Capacity, hit.Name)) {
		s.OnCancel(hit.Capacity, hit.Name, kill)
		s.end(hit, Cancelled)
	}
	return err
}

func (s *Service) get(ctx context.Context, id string) (a Attempt, ok bool, err error) {
	err = s.call(ctx, "Get", func() error {
		if p := s.attempts[id]; p != nil {
			a, ok = *p, true
		}
		return nil
	})
	return a, ok, err
}

func (s *Service) list(ctx context.Context) (open map[string]bool, err error) {
	open = map[string]bool{}
	err = s.call(ctx, "List", func() error { maps.Copy(open, s.open); return nil })
	return open, err
}

// Capacities are all by name, with whether they are open.
func (s *Service) Capacities() map[string]bool {
	all, _ := s.list(context.Background()) // hooks leave calls from outside of a function alone
	return all
}

// Attempts are all that were ever started, by id.
func (s *Service) Attempts() map[string]Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]Attempt{}
	for id, a := range s.attempts {
		all[id] = *a
	}
	return all
}
