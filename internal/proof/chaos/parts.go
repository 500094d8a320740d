package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"ephemr/internal/cli/call"
	"ephemr/internal/proof/chaos/evidence"
	"ephemr/internal/run"
	"ephemr/internal/wait"
)

// tickEvery is how often the functions of the minute tick are invoked.
const tickEvery = 10 * time.Second

// send sends the requests as fast as runs end: about twice as many as may run
// concurrently are queued. Some are sent again, at once or later.
func (s *storm) send(ctx context.Context) {
	random := s.random(2)
	for i := range s.requests {
		a := &s.requests[i]
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

// tick invokes the functions of the minute tick.
func (s *storm) tick(ctx context.Context) {
	for !s.o.RealTicks && pause(ctx, tickEvery) {
		for _, name := range []string{"admit", "watch", "sweep"} {
			// One that is killed or throttled is invoked again in the next tick.
			_, _ = s.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: new("ephemr-" + s.settings.Stage + "-" + name), Payload: []byte("{}")})
		}
	}
}

// watch samples EMR's clusters twice a second.
func (s *storm) watch(ctx context.Context) {
	for pause(ctx, 500*time.Millisecond) {
		s.region.mu.Lock()
		found, n, err := s.sample(ctx)
		s.region.mu.Unlock()
		if err != nil {
			continue
		}
		s.count(func() {
			s.samples, s.most, s.overlaps = s.samples+1, max(s.most, n), append(s.overlaps, found...)
		})
	}
}

// killWorkers kills functions during invocations.
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

// killEMR kills localemr and restarts it after a while.
func (s *storm) killEMR(ctx context.Context) {
	random := s.random(4)
	for s.o.Kill && pause(ctx, 20*time.Second+time.Duration(random.IntN(40))*time.Second) {
		away := time.Duration(random.IntN(4000)) * time.Millisecond
		// It must come up again, also when chaos ends meanwhile.
		if err := s.restartEMR(context.WithoutCancel(ctx), away, random.Uint64()); err != nil {
			_, _ = fmt.Fprintf(s.o.Log, "%s: restart localemr: %v\n", s.clock(), err)
			continue
		}
		s.count(func() { s.restarts++ })
	}
}

// changeRuns cancels some active runs and retries some failed ones, each at most
// once.
func (s *storm) changeRuns(ctx context.Context) {
	random := s.random(5)
	seen := map[string]bool{}
	for pause(ctx, time.Second) {
		for _, state := range []run.State{run.Queued, run.Admitted, run.Running, run.Failed, run.Cancelled} {
			_ = s.runs.InState(ctx, state, func(r run.Run) error { // repeated in a second
				key := fmt.Sprint(r.State.Final(), r.ID)
				if r.Trigger.Kind == "" || seen[key] {
					return nil
				}
				seen[key] = true
				s.changeRun(ctx, random, r)
				return nil
			})
		}
	}
}

func (s *storm) changeRun(ctx context.Context, random *rand.Rand, r run.Run) {
	draw, delay := random.IntN(100), time.Duration(random.IntN(10000))*time.Millisecond
	var out any
	switch {
	case r.State.Final() && draw < 40:
		go func() {
			if pause(ctx, delay) && call.Function(ctx, s.lambda, s.settings.AdmitFunction, map[string]any{"retry": map[string]string{"runId": r.ID}}, &out) == nil {
				s.count(func() { s.retries++ })
			}
		}()
	case !r.State.Final() && draw < 6:
		go func() {
			in := map[string]any{"cancel": wait.Cancel{RunID: r.ID, Why: "by chaos"}}
			if pause(ctx, delay) && call.Function(ctx, s.lambda, s.settings.WatchFunction, in, &out) == nil {
				s.count(func() { s.cancels++ })
			}
		}()
	}
}

// made are the requests that were sent; for the others there was no time.
func (s *storm) made() []evidence.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[:s.sent]
}
