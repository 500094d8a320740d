package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"ephemr/events"
	"ephemr/internal/ledger"
	"ephemr/internal/local/laptop"
	"ephemr/internal/proof/bench/trace"
	"ephemr/internal/run"
)

// Intake is how fast objects and requests become runs, and what it takes to compare and
// register many pipelines.
type Intake struct {
	Put      Latency  `json:"put"`      // from PutObject's answer until the run is recorded
	Window   Latency  `json:"window"`   // from the end of a batch's window until it is closed
	Objects  Objects  `json:"objects"`  // of a batch
	Requests Latency  `json:"requests"` // from SendMessage's answer until the run is recorded, while others come
	Rate     float64  `json:"rate"`     // requests a minute meanwhile
	Diff     Pipeline `json:"diff"`
	Apply    Pipeline `json:"apply"`
}

// Latency is a distribution of times.
type Latency struct {
	N       int     `json:"n"`
	Median  Seconds `json:"median"`
	P95     Seconds `json:"p95"`
	Longest Seconds `json:"longest"`
}

// Objects is how fast events of objects are taken, compared with conditional writes.
type Objects struct {
	N       int     `json:"n"`
	Taken   Pace    `json:"taken"`
	Written Pace    `json:"written"`
	Ratio   float64 `json:"ratio"`
}

// Pipeline is how long a command takes for a folder of pipelines.
type Pipeline struct {
	N    int     `json:"n"`
	Took Seconds `json:"took"` // of diff the median of five
}

// Amounts of what is measured; objects and pipelines are Options.
const (
	probes     = 40
	windows    = 8
	window     = 5 * time.Second
	perMinute  = 2000
	compared   = 100
	comparings = 5
)

func latency(s trace.Sample) Latency {
	return Latency{N: len(s), Median: Seconds(s.Median()), P95: Seconds(s.Quantile(0.95)), Longest: Seconds(s.Quantile(1))}
}

// intakeFile is a pipeline whose runs are not admitted: one is, and does not end.
func intakeFile(name, triggers string) string {
	return "pipeline: " + name + "\ncluster: {profile: small}\nlimits: {maxActive: 1}\n" + triggers + "jobs: [{name: wait, type: bash, source: jobs/wait}]\n"
}

// measureIntake measures in a region of its own.
func (r *Report) measureIntake(ctx context.Context, objects, pipelines int, log io.Writer) (err error) {
	region, err := open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, region.close(ctx)) }()
	for name, triggers := range map[string]string{
		"solo":  "triggers: [{s3: {bucket: raw, prefix: solo/}}]\n",
		"timed": fmt.Sprintf("triggers: [{s3: {bucket: raw, prefix: timed/, batch: {window: %s}}}]\n", window),
		"many":  "triggers: [{s3: {bucket: raw, prefix: many/, batch: {window: 1h}}}]\n",
		"load":  "", "probe": "",
	} {
		if err := region.applyFile(ctx, name, intakeFile(name, triggers), "jobs/wait/run.sh", "sleep 3600\n"); err != nil {
			return err
		}
	}
	r.Intake = &Intake{}
	m := &intaking{load: load{region: region, client: sqs.NewFromConfig(region.Config()), log: log}, found: r.Intake}
	for _, measure := range []func(context.Context) error{
		m.puts, m.windows, m.requests, func(ctx context.Context) error { return m.objects(ctx, objects) },
		func(ctx context.Context) error { return m.pipelines(ctx, pipelines) },
	} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// intaking is the measurement under way.
type intaking struct {
	load

	found *Intake
}

func (m *intaking) put(ctx context.Context, key string) error {
	if _, err := m.region.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: new(m.region.settings.Lake["raw"]), Key: &key, Body: strings.NewReader(key)}); err != nil {
		return fmt.Errorf("upload %s: %w", key, err)
	}
	return nil
}

// recorded waits until a run of a pipeline exists that matches.
func (m *intaking) recorded(ctx context.Context, pipeline string, is func(run.Run) bool) (r run.Run, after time.Duration, err error) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		all, err := m.region.runs.List(ctx, run.Query{Pipeline: pipeline, Limit: 2 * probes})
		if err != nil {
			return run.Run{}, 0, err
		}
		for _, r := range all {
			if is(r) {
				return r, time.Since(begun), nil
			}
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return run.Run{}, 0, fmt.Errorf("wait for a run of %s: %w", pipeline, ctx.Err())
		}
	}
}

func (m *intaking) puts(ctx context.Context) error {
	var took trace.Sample
	for i := range probes + 1 {
		key := fmt.Sprintf("solo/%d", i)
		if err := m.put(ctx, key); err != nil {
			return err
		}
		_, after, err := m.recorded(ctx, "solo", func(r run.Run) bool { return r.Trigger.Key == key })
		if err != nil {
			return err
		}
		if i > 0 { // the first finds no function warm
			took = append(took, after)
		}
	}
	m.found.Put = latency(took)
	_, _ = fmt.Fprintln(m.log, "object put to run record:", m.found.Put.N, "objects")
	return nil
}

func (m *intaking) windows(ctx context.Context) error {
	seen := map[string]bool{}
	var late trace.Sample
	for i := range windows {
		if err := m.put(ctx, fmt.Sprintf("timed/%d", i)); err != nil {
			return err
		}
		r, _, err := m.recorded(ctx, "timed", func(r run.Run) bool { return !seen[r.ID] })
		if err != nil {
			return err
		}
		seen[r.ID] = true
		b, err := m.ledger().Batch(ctx, r.Trigger.Batch)
		if err != nil || b == nil {
			return errors.Join(fmt.Errorf("read batch %s", r.Trigger.Batch), err)
		}
		late = append(late, b.ClosedAt.Sub(b.Deadline))
	}
	m.found.Window = latency(late)
	_, _ = fmt.Fprintln(m.log, "batches closed by their window:", windows)
	return nil
}

// requests sends requests of one pipeline at a constant rate, and meanwhile some of
// another, whose runs it waits for.
func (m *intaking) requests(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	sent, begun := 0, time.Now()
	go func() {
		tick := time.NewTicker(time.Minute / perMinute * 10)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-tick.C:
				if err := m.sendFrom(ctx, m.region.settings.RequestsQueue, sent, 10, requestOf("load")); err != nil && ctx.Err() == nil {
					done <- err
					return
				}
				sent += 10
			}
		}
	}()
	var took trace.Sample
	for i := range probes {
		if err := m.sendFrom(ctx, m.region.settings.RequestsQueue, i, 1, requestOf("probe")); err != nil {
			return err
		}
		id := fmt.Sprintf("probe-%d", i)
		_, after, err := m.recorded(ctx, "probe", func(r run.Run) bool { return r.Trigger.RequestID == id })
		if err != nil {
			return err
		}
		took = append(took, after)
		if wait := time.Duration(i+1) * time.Second / 2; time.Since(begun) < wait {
			time.Sleep(wait - time.Since(begun))
		}
	}
	stop()
	err := <-done
	m.found.Requests, m.found.Rate = latency(took), float64(sent)/time.Since(begun).Minutes()
	_, _ = fmt.Fprintln(m.log, "requests accepted:", sent)
	return err
}

func (m *intaking) objects(ctx context.Context, n int) error {
	queue, err := m.writer(ctx)
	if err != nil {
		return err
	}
	o := &m.found.Objects
	o.N = n
	if o.Written, err = m.burstOf(ctx, "writes", queue, n, requestOf("writes")); err != nil {
		return err
	}
	if o.Taken, err = m.burstOf(ctx, "objects", m.region.settings.EventsQueue, n, m.objectOf); err != nil {
		return err
	}
	o.Ratio = o.Taken.All / o.Written.All
	return m.inBatch(ctx, n)
}

// inBatch checks some of the objects: each is in a batch, once.
func (m *intaking) inBatch(ctx context.Context, n int) error {
	for i := 0; i < n; i += max(1, n/probes) {
		entries, err := m.ledger().Entries(ctx, m.region.settings.Lake["raw"], fmt.Sprintf("many/%d", i), "many")
		if err != nil {
			return err
		}
		if len(entries) != 1 || entries[0].Batch == "" {
			return fmt.Errorf("object %d has the entries %+v", i, entries)
		}
	}
	return nil
}

func (m *intaking) ledger() *ledger.Store {
	return &ledger.Store{DB: dynamodb.NewFromConfig(m.region.Config()), Table: m.region.settings.LedgerTable}
}

// objectOf is S3's event about an object of the batch.
func (m *intaking) objectOf(i int) string {
	return fmt.Sprintf(`{"id": "%d", "source": %q, "detail-type": %q, "time": %q, "detail": {"bucket": {"name": %q}, "object": {"key": "many/%d", "size": 1, "etag": "%d", "version-id": "%d"}}}`,
		i, events.SourceS3, events.TypeObjectCreated, time.Now().UTC().Format(time.RFC3339), m.region.settings.Lake["raw"], i, i, i)
}

// pipelines registers n pipelines, and compares some of them with their files.
func (m *intaking) pipelines(ctx context.Context, n int) error {
	few, err := m.folder("compared", min(n, compared))
	if err != nil {
		return err
	}
	if err := m.cli(ctx, few, "apply"); err != nil {
		return err
	}
	var took trace.Sample
	for range comparings {
		begun := time.Now()
		if err := m.cli(ctx, few, "diff"); err != nil {
			return err
		}
		took = append(took, time.Since(begun))
	}
	m.found.Diff = Pipeline{N: min(n, compared), Took: Seconds(took.Median())}
	all, err := m.folder("registered", n)
	if err != nil {
		return err
	}
	begun := time.Now()
	err = m.cli(ctx, all, "apply")
	m.found.Apply = Pipeline{N: n, Took: Seconds(time.Since(begun))}
	return err
}

// folder writes the files of n pipelines.
func (m *intaking) folder(name string, n int) (string, error) {
	project := filepath.Join(m.region.dir, name)
	write := func(path, text string) error {
		path = filepath.Join(project, path)
		return errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600))
	}
	err := write("jobs/wait/run.sh", "sleep 3600\n")
	for i := range n {
		one := fmt.Sprintf("%s-%d", name, i)
		err = errors.Join(err, write("pipelines/"+one+".yaml", intakeFile(one, "triggers: [{schedule: \"0 3 * * *\"}]\n")))
	}
	if err != nil {
		return "", fmt.Errorf("write pipelines: %w", err)
	}
	return project, nil
}

// cli runs a command of ephemr on the pipelines of a folder.
func (m *intaking) cli(ctx context.Context, project, command string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(m.region.Root, "dist", "bin", "ephemr"), command, "pipelines") //nolint:gosec // our own binary
	cmd.Dir, cmd.Env = project, laptop.Overlay(os.Environ(), m.region.Environ())
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ephemr %s: %w\n%s", command, err, out[max(0, len(out)-2000):])
	}
	return nil
}
