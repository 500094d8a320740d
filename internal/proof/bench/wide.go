package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/local/localemr"
	"ephemr/internal/run"
)

// Wide is how a pipeline of many trivial jobs runs, five at a time: as fast as
// localemr allows, and with EMR's token buckets.
type Wide struct {
	Jobs      int     `json:"jobs"`
	Free      WideRun `json:"free"`
	Throttled WideRun `json:"throttled"`
	Ratio     float64 `json:"ratio"` // of the time with buckets, to the time without
}

// WideRun is one run of the wide pipeline.
type WideRun struct {
	Took        Seconds        `json:"took"`        // from the start of the run to its end
	Transitions int            `json:"transitions"` // states entered, and retries
	Calls       int            `json:"calls"`       // of EMR for its cluster
	Operations  map[string]int `json:"operations"`
	Refused     map[string]int `json:"refused"` // by EMR's buckets
}

const wideName = "wide"

// wideFile is a pipeline of n independent jobs.
func wideFile(n int) string {
	var b strings.Builder
	b.WriteString("pipeline: " + wideName + "\ncluster: {profile: small, stepConcurrency: 5}\ntriggers: [{s3: {bucket: raw, prefix: wide/}}]\njobs:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: j%d, type: bash, source: jobs/wide}\n", i)
	}
	return b.String()
}

// measureWide runs a pipeline of n jobs twice.
func (r *Report) measureWide(ctx context.Context, region *region, n int, log io.Writer) error {
	if err := region.applyFile(ctx, wideName, wideFile(n), "jobs/wide/run.sh", "true\n"); err != nil {
		return err
	}
	r.Wide = &Wide{Jobs: n}
	var err error
	if r.Wide.Free, err = region.wide(ctx, n, false, log); err != nil {
		return err
	}
	if r.Wide.Throttled, err = region.wide(ctx, n, true, log); err != nil {
		return err
	}
	r.Wide.Ratio = float64(r.Wide.Throttled.Took) / float64(r.Wide.Free.Took)
	return nil
}

func (r *region) wide(ctx context.Context, n int, throttle bool, log io.Writer) (w WideRun, err error) {
	settings := localemr.DefaultSettings()
	settings.Provision, settings.Throttle = localemr.Duration(provision), throttle
	if err := r.Admin(ctx, http.MethodPut, "settings", settings, nil); err != nil {
		return w, err
	}
	if err := r.Admin(ctx, http.MethodPost, "calls/reset", nil, nil); err != nil {
		return w, err
	}
	key := "wide/" + strconv.FormatBool(throttle)
	if _, err := r.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: new(r.settings.Lake["raw"]), Key: &key, Body: strings.NewReader(key)}); err != nil {
		return w, fmt.Errorf("upload %s: %w", key, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute+5*time.Duration(n)*time.Second)
	defer cancel()
	rec, err := r.ended(ctx, key)
	if err != nil {
		return w, err
	}
	if rec.Run.State != run.Succeeded {
		return w, fmt.Errorf("run %s of %d jobs is %s: %s", rec.Run.ID, n, rec.Run.State, rec.Run.Reason)
	}
	if err := settle(ctx); err != nil {
		return w, err
	}
	var calls localemr.Calls
	if err := r.Admin(ctx, http.MethodGet, "calls", nil, &calls); err != nil {
		return w, err
	}
	path, err := r.history(ctx, rec.Run.Execution)
	if err != nil {
		return w, err
	}
	w = WideRun{
		Took: Seconds(rec.Run.EndedAt.Sub(rec.Run.StartedAt)), Transitions: path.Transitions(),
		Operations: ofCluster(calls, rec.Cluster().ID), Refused: calls.Refused,
	}
	for _, n := range w.Operations {
		w.Calls += n
	}
	_, _ = fmt.Fprintf(log, "%d jobs in %s, with %d calls of EMR\n", n, time.Duration(w.Took).Round(time.Second), w.Calls)
	return w, nil
}

// ended waits for the end of the wide run of an upload.
func (r *region) ended(ctx context.Context, key string) (*run.Record, error) {
	for {
		runs, err := r.runs.List(ctx, run.Query{Pipeline: wideName, Limit: 10})
		if err != nil {
			return nil, err
		}
		for _, x := range runs {
			if x.Trigger.Key == key && x.State.Final() {
				return r.runs.Load(ctx, x.ID)
			}
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the run of %s: %w", key, ctx.Err())
		}
	}
}
