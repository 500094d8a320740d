package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"ephemr/internal/cli/lambdacall"
	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
	"ephemr/internal/wait"
)

// tickEvery is how often a minute passes for the functions that wait for one.
const tickEvery = 10 * time.Second

// send makes the requests, as fast as runs end: a queue of about twice what may
// run side by side is kept. Some come again, at once or later.
func (s *storm) send(ctx context.Context) {
	random := s.random(2)
	for i := range s.asks {
		a := &s.asks[i]
		for s.waiting() >= 2*s.o.Parallel || s.late() {
			if !pause(ctx, 300*time.Millisecond) {
				return
			}
		}
		for n := 0; n < a.Times; n++ {
			if err := s.region.send(ctx, a); err != nil {
				_, _ = fmt.Fprintf(s.o.Log, "%s: %v\n", s.clock(), err)
				return
			}
			if !pause(ctx, time.Duration(random.IntN(300))*time.Millisecond) {
				return
			}
		}
		s.count(func() { s.sent++; s.unsettled++ })
	}
}

func (s *storm) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsettled
}

// tick lets minutes pass.
func (s *storm) tick(ctx context.Context) {
	for !s.o.RealTicks && pause(ctx, tickEvery) {
		for _, name := range []string{"admit", "watch", "sweep"} {
			// One that is killed or refused has the next minute.
			_, _ = s.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: new("ephemr-" + s.settings.Stage + "-" + name), Payload: []byte("{}")})
		}
	}
}

// watch looks at EMR's clusters twice a second.
func (s *storm) watch(ctx context.Context) {
	for pause(ctx, 500*time.Millisecond) {
		s.region.mu.Lock()
		found, n, err := s.sample(ctx)
		s.region.mu.Unlock()
		if err != nil {
			continue
		}
		s.count(func() {
			s.samples, s.most, s.doubles = s.samples+1, max(s.most, n), append(s.doubles, found...)
		})
	}
}

// killWorkers kills functions in the middle of their work.
func (s *storm) killWorkers(ctx context.Context) {
	random := s.random(3)
	for s.o.Kill && pause(ctx, 2*time.Second+time.Duration(random.IntN(5000))*time.Millisecond) {
		pid, ok := s.worker(ctx, random)
		if !ok {
			continue
		}
		name := function(pid)
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			s.count(func() { s.workers[name]++ })
		}
	}
}

// killEMR takes localemr away for a while.
func (s *storm) killEMR(ctx context.Context) {
	random := s.random(4)
	for s.o.Kill && pause(ctx, 20*time.Second+time.Duration(random.IntN(40))*time.Second) {
		away := time.Duration(random.IntN(4000)) * time.Millisecond
		// It must come up again, also when chaos ends meanwhile.
		if err := s.bounce(context.WithoutCancel(ctx), away, random.Uint64()); err != nil {
			_, _ = fmt.Fprintf(s.o.Log, "%s: restart localemr: %v\n", s.clock(), err)
			continue
		}
		s.count(func() { s.bounces++ })
	}
}

// meddle cancels some of the runs that are under way, and lets some go on that
// have failed, each at most once.
func (s *storm) meddle(ctx context.Context) {
	random := s.random(5)
	seen := map[string]bool{}
	for pause(ctx, time.Second) {
		for _, state := range []run.State{run.Queued, run.Admitted, run.Running, run.Failed, run.Cancelled} {
			_ = s.runs.InState(ctx, state, func(r run.Run) error { // the next look comes in a second
				key := fmt.Sprint(r.State.Final(), r.ID)
				if r.Trigger.Kind == "" || seen[key] {
					return nil
				}
				seen[key] = true
				s.touch(ctx, random, r)
				return nil
			})
		}
	}
}

func (s *storm) touch(ctx context.Context, random *rand.Rand, r run.Run) {
	dice, delay := random.IntN(100), time.Duration(random.IntN(10000))*time.Millisecond
	var out any
	switch {
	case r.State.Final() && dice < 40:
		go func() {
			if pause(ctx, delay) && lambdacall.Invoke(ctx, s.lambda, s.settings.AdmitFunction, map[string]any{"retry": map[string]string{"runId": r.ID}}, &out) == nil {
				s.count(func() { s.retries++ })
			}
		}()
	case !r.State.Final() && dice < 6:
		go func() {
			in := map[string]any{"cancel": wait.Cancel{RunID: r.ID, Why: "by chaos"}}
			if pause(ctx, delay) && lambdacall.Invoke(ctx, s.lambda, s.settings.WatchFunction, in, &out) == nil {
				s.count(func() { s.cancels++ })
			}
		}()
	}
}

// made are the requests that were made; for the others there was no time.
func (s *storm) made() []evidence.Ask {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asks[:s.sent]
}
