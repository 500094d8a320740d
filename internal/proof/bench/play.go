package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"ephemr/internal/run"
)

// The pipeline that is measured: one Bash job that sleeps for the time in the name
// of the uploaded object.
const (
	pipelineName = "bench"
	pipelineFile = `pipeline: bench
cluster: {profile: small}
triggers: [{s3: {bucket: raw, prefix: bench/, suffix: .txt}}]
limits: {maxActive: 4}
jobs:
  - {name: work, type: bash, source: jobs/work, args: ["{{.Trigger.Object}}"]}
`
	script = `name=${1##*-}
sleep "${name%.txt}"
`
)

// The groups of runs.
const (
	first  = "first"      // finds no function warm
	serial = "sequential" // the figure that is compared
	burst  = "four concurrent"
	short  = "5 s step"
	long   = "120 s step"
)

// patience is how much longer than its step a run may take.
const patience = 90 * time.Second

// shot is an upload and its run.
type shot struct {
	group, key string
	sent       time.Time
	run        run.Run
}

// play executes all runs. Those with long steps sleep while the sequential ones
// run; the four concurrent ones follow: the stage allows four.
func (r *region) play(ctx context.Context, o Options) ([]shot, error) {
	random := rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // to be repeatable
	lanes := func(lanes ...[]shot) ([]shot, error) {
		group, ctx := errgroup.WithContext(ctx)
		for _, lane := range lanes {
			group.Go(func() error { return r.fire(ctx, lane, o.Log) })
		}
		var all []shot
		err := group.Wait()
		for _, lane := range lanes {
			all = append(all, lane...)
		}
		return all, err
	}
	cold, err := lanes(shots(first, 1, jittered(random)))
	if err != nil {
		return nil, err
	}
	calm, err := lanes(
		shots(serial, o.Runs, jittered(random)), shots(short, 3, fixed(5)),
		shots(long, 1, fixed(120)), shots(long, 1, fixed(120.1)),
	)
	if err != nil {
		return nil, err
	}
	var four [][]shot
	for range 4 {
		four = append(four, shots(burst, max(1, o.Runs/10), jittered(random)))
	}
	crowd, err := lanes(four...)
	return append(append(cold, calm...), crowd...), err
}

func jittered(random *rand.Rand) func() float64 {
	return func() float64 { return 0.1 + random.Float64() }
}

func fixed(seconds float64) func() float64 { return func() float64 { return seconds } }

// shots plans n uploads whose steps take as many seconds as seconds says. Their
// keys differ from those of other lanes by what random says.
func shots(group string, n int, seconds func() float64) []shot {
	out := make([]shot, n)
	for i := range out {
		out[i] = shot{group: group, key: fmt.Sprintf("bench/%s/%d-%.4f.txt", strings.ReplaceAll(group, " ", "_"), i, seconds())}
	}
	return out
}

// fire uploads sequentially, each when the previous run has ended.
func (r *region) fire(ctx context.Context, lane []shot, log io.Writer) error {
	for i := range lane {
		s := &lane[i]
		s.sent = time.Now()
		if _, err := r.s3.PutObject(ctx, &s3.PutObjectInput{
			Bucket: new(r.settings.Lake["raw"]), Key: &s.key, Body: strings.NewReader(s.key),
		}); err != nil {
			return fmt.Errorf("upload %s: %w", s.key, err)
		}
		if err := r.await(ctx, s); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(log, "%-12s  %2d of %2d  %s %s\n", s.group, i+1, len(lane), s.run.ID, s.run.State)
	}
	return nil
}

// await waits for the end of the upload's run. It polls rarely: polling slows the
// emulator down, and so the measured run.
func (r *region) await(ctx context.Context, s *shot) error {
	step := stepTime(s.key)
	ctx, cancel := context.WithTimeout(ctx, step+patience)
	defer cancel()
	pause := time.Second
	for {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("wait for the run of %s, which is %q: %w", s.key, s.run.State, ctx.Err())
		}
		known := s.run.ID != ""
		if err := r.look(ctx, s); err != nil {
			return err
		}
		if s.run.State.Final() {
			return nil
		}
		pause = 300 * time.Millisecond
		if !known && s.run.ID != "" {
			pause = max(pause, time.Until(s.sent.Add(step)))
		}
	}
}

// look reads the state of the upload's run, if it exists yet.
func (r *region) look(ctx context.Context, s *shot) error {
	if s.run.ID != "" {
		rec, err := r.runs.Load(ctx, s.run.ID)
		if err != nil {
			return err
		}
		s.run = rec.Run
		return nil
	}
	runs, err := r.runs.List(ctx, run.Query{Pipeline: pipelineName, Limit: 20})
	if err != nil {
		return err
	}
	for _, x := range runs {
		if x.Trigger.Key == s.key {
			s.run = x
		}
	}
	return nil
}

// stepTime is the time that the script reads from a key.
func stepTime(key string) time.Duration {
	name := strings.TrimSuffix(key[strings.LastIndex(key, "-")+1:], ".txt")
	d, err := time.ParseDuration(name + "s")
	if err != nil {
		return 0
	}
	return d
}
