package awsproof

import (
	"cmp"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// sources are the jobs and the bootstrap action of the probes.
//
//go:embed jobs bootstrap
var sources embed.FS

// who a job runs as.
type who int

const (
	noUser who = iota // with the permissions of the instance profile
	asUser
)

// prefix of the names of pipelines, which decides their user: infra/config/proof.yaml and local.yaml.
func (w *world) prefix(as who) string {
	switch {
	case as == noUser:
		return "proof-"
	case w.local:
		return "flights-proof-"
	}
	return "user-proof-"
}

// roles are the IAM roles of the user that jobs run as, and of another one.
func (w *world) roles() (own, other string) {
	own, other = "proof", "other"
	if w.local {
		own, other = "etl", "reader"
	}
	role := func(user string) string {
		return fmt.Sprintf("arn:aws:iam::%s:role/ephemr-%s-user-%s-%s", w.account, w.settings.Stage, user, w.region)
	}
	return role(own), role(other)
}

// task is one job to run.
type task struct {
	as      who
	name    string // in that of its pipeline; empty = job
	job     string // folder below jobs
	kind    job.Type
	args    []string
	profile string // of stage proof; the local region has one
	pool    bool   // on the cluster of its lane

	triggers []map[string]string
}

// begin registers a pipeline with the job alone, starts it and returns the run's id.
func (w *world) begin(ctx context.Context, t task) (string, error) {
	name, err := w.apply(ctx, t)
	if err != nil {
		return "", err
	}
	id, err := w.exec(ctx, w.work, "ephemr", "start", name)
	return strings.TrimSpace(id), err
}

// apply registers a pipeline with the job alone and returns its name.
func (w *world) apply(ctx context.Context, t task) (string, error) {
	dir, err := os.MkdirTemp(w.work, "project-")
	if err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	tree, err := fs.Sub(sources, "jobs/"+t.job)
	if err != nil {
		return "", fmt.Errorf("find job %s: %w", t.job, err)
	}
	if err := os.CopyFS(filepath.Join(dir, "job"), tree); err != nil {
		return "", fmt.Errorf("copy job %s: %w", t.job, err)
	}
	name := w.prefix(t.as) + cmp.Or(t.name, t.job) + "-" + w.nonce
	if t.profile == "" {
		t.profile = "single"
	}
	if w.local {
		t.profile = "small"
	}
	clusterOf := map[string]string{"profile": t.profile}
	if t.pool {
		clusterOf["pool"], clusterOf["keepAlive"] = "proof-"+w.nonce, "5m"
	}
	// YAML is a superset of JSON.
	file, err := json.Marshal(map[string]any{
		"pipeline": name, "cluster": clusterOf, "triggers": t.triggers,
		"jobs": []map[string]any{{"name": "probe", "type": t.kind, "source": "job", "args": t.args}},
	})
	if err != nil {
		return "", fmt.Errorf("write pipeline %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pipeline.yaml"), file, 0o600); err != nil {
		return "", fmt.Errorf("write pipeline %s: %w", name, err)
	}
	_, err = w.exec(ctx, dir, "ephemr", "apply", "pipeline.yaml")
	return name, err
}

// end waits until a run has ended.
func (w *world) end(ctx context.Context, id string) (*run.Record, error) {
	var rec *run.Record
	err := w.until(ctx, "the end of run "+id, func() (bool, error) {
		found, err := w.runs.Load(ctx, id)
		if run.IsUnknown(err) {
			return false, nil
		}
		rec = found
		return err == nil && rec.Run.State.Final(), err
	})
	return rec, err
}

// play runs a job to its end and returns its outputs with facts of the run. A run
// that fails is an observation as well.
func (w *world) play(ctx context.Context, t task) (Facts, error) {
	id, err := w.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	rec, err := w.end(ctx, id)
	if err != nil {
		return nil, err
	}
	return facts(rec), nil
}

// facts of a run with one job: its outputs, and lines "fact name=value" at the end of its log.
func facts(rec *run.Record) Facts {
	f := Facts{
		"run": rec.Run.ID, "run_state": string(rec.Run.State), "run_reason": strings.TrimSpace(string(rec.Run.Class) + " " + rec.Run.Reason),
		"sender": rec.Run.Trigger.Sender, "started": yes(!rec.Run.StartedAt.IsZero()), "user": rec.Run.User,
	}
	if c := rec.Cluster(); c != nil {
		f["cluster"], f["cluster_ready_seconds"] = c.ID, ""
		if !c.ReadyAt.IsZero() {
			f["cluster_ready_seconds"] = fmt.Sprintf("%.0f", c.ReadyAt.Sub(c.CreatedAt).Seconds())
		}
	}
	if j := rec.Job("probe"); j != nil {
		f["job_state"], f["logs_complete"] = string(j.State), yes(!j.LogsCut && !j.StartedAt.IsZero())
		if j.ExitCode != nil {
			f["exit_code"] = fmt.Sprint(*j.ExitCode)
		}
		for key, value := range j.Outputs {
			f[key] = value
		}
		for _, line := range j.Tail {
			if rest, found := strings.CutPrefix(line, "fact "); found {
				key, value, _ := strings.Cut(rest, "=")
				f[key] = strings.TrimSpace(value)
			}
		}
	}
	return f
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}
