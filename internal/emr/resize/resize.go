package resize

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/fault"
	"ephemr/internal/profile"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// Resizer is the operation resize of the control function: ephemr resize calls it with
// the requested size, and then repeatedly to see how far EMR is.
type Resizer struct {
	Settings stage.Settings
	Runs     *store.Runs
	Sizes    *Sizes
	Profiles cluster.ParameterAPI
	EMR      interface {
		LookAPI
		ActAPI
	}
}

// Input says which cluster is to have which size.
type Input struct {
	ClusterID string `json:"clusterId,omitempty"` // or
	RunID     string `json:"runId,omitempty"`     // whose cluster it is
	Ask
	Look bool   `json:"look,omitempty"` // change nothing, only report how far the request is
	By   string `json:"by,omitempty"`   // who requests it
}

// Resize changes the cluster's size, or reports it. Everything that EMR would
// refuse is refused before the first change. Repeating a request changes only
// what is still missing.
func (r *Resizer) Resize(ctx context.Context, in Input) (Output, error) {
	t, err := r.target(ctx, in)
	if err != nil {
		return Output{}, err
	}
	c, err := r.look(ctx, in, t)
	if err != nil {
		return Output{}, err
	}
	if in.Look {
		return answer(in.Ask, c, t), nil
	}
	size, err := r.Sizes.get(ctx, c.ID)
	if err != nil {
		return Output{}, err
	}
	plan, err := Check(in.Ask, c, t.profile, size.wanted())
	if err != nil {
		return Output{}, err
	}
	done, err := r.carryOut(ctx, in, &c, t, plan)
	if err != nil {
		if len(done) > 0 {
			err = fmt.Errorf("%w; done before that: %s", err, strings.Join(done, ", "))
		}
		return Output{}, fmt.Errorf("resize cluster %s: %w", c.ID, err)
	}
	out := answer(in.Ask, c, t)
	out.Changed = append(out.Changed, done...)
	return out, nil
}

// target is a cluster and what our records know of it.
type target struct {
	id      string
	pool    string
	rec     *run.Record      // of the run that made it; nil = nobody knows
	attempt *run.Cluster     // of that run
	profile *profile.Profile // on the attempt's rung; nil = not known any more
}

func (t target) runID() string {
	if t.rec == nil {
		return ""
	}
	return t.rec.Run.ID
}

func (r *Resizer) target(ctx context.Context, in Input) (target, error) {
	t := target{id: in.ClusterID}
	id := in.RunID
	if (id == "") == (t.id == "") {
		return t, fault.New(fault.InvalidInput, "name the cluster to resize, or the run whose cluster it is: one of them")
	}
	if id == "" {
		e, err := r.known(ctx, t.id)
		if err != nil || e.ID == "" {
			return t, err
		}
		id, t.pool = e.RunID, e.Pool
	}
	rec, err := r.Runs.Load(ctx, id)
	if run.IsUnknown(err) && in.ClusterID != "" {
		return t, nil // its history is over, the cluster is not
	}
	if err != nil {
		return t, err
	}
	t.rec = rec
	if err := t.find(in); err != nil {
		return t, err
	}
	if in.RunID != "" { // perhaps a cluster that another run has made
		e, err := r.known(ctx, t.id)
		if err != nil {
			return t, err
		}
		t.pool = e.Pool
	}
	return t, r.shape(ctx, &t)
}

// known is what our records know of a cluster; without an id it is not ours.
func (r *Resizer) known(ctx context.Context, id string) (cluster.Record, error) {
	return (&cluster.Registry{DB: r.Sizes.DB, Table: r.Sizes.Table}).Get(ctx, id)
}

// find picks the attempt that the cluster belongs to: of a run, the newest.
func (t *target) find(in Input) error {
	if in.RunID == "" {
		for i := range t.rec.Clusters {
			if t.rec.Clusters[i].ID == t.id {
				t.attempt = &t.rec.Clusters[i]
			}
		}
		return nil
	}
	a := t.rec.Cluster()
	switch {
	case t.rec.Run.State.Final():
		return fault.New(fault.InvalidInput, "run %s is %s: its cluster is gone", in.RunID, t.rec.Run.State)
	case a == nil || a.ID == "" || a.Restart != t.rec.Run.Restarts || a.State != run.ClusterCreated && a.State != run.ClusterReady:
		return fault.New(fault.InvalidInput, "run %s is %s and has no cluster yet; try again when it has (ephemr show %s)", in.RunID, t.rec.Run.State, in.RunID)
	}
	t.id, t.attempt = a.ID, a
	return nil
}

// shape reads the profile that the cluster was made from. Without it a cluster
// is resized all the same.
func (r *Resizer) shape(ctx context.Context, t *target) error {
	if t.rec.Spec == nil || t.attempt == nil {
		return nil
	}
	p, err := cluster.LoadShape(ctx, r.Profiles, r.Settings.Stage, t.rec.Spec.Cluster)
	if fault.NameOf(err) == fault.InvalidInput {
		slog.InfoContext(ctx, "the cluster's profile is not there any more", "clusterId", t.id, "reason", err.Error())
		return nil
	}
	if err == nil {
		t.profile = new(p.Rung(t.attempt.Rung))
	}
	return err
}

// look asks EMR about the cluster, if it is one of this stage.
func (r *Resizer) look(ctx context.Context, in Input, t target) (Cluster, error) {
	c, err := Look(ctx, r.EMR, t.id)
	if err != nil {
		return c, err
	}
	if c.Pool = t.pool; c.Stage != r.Settings.Stage {
		return c, fault.New(fault.InvalidInput, "cluster %s has the tag %s=%q and so does not belong to stage %s; use --stage, or another cluster",
			c.ID, cluster.TagStage, c.Stage, r.Settings.Stage)
	}
	if !c.over() && (!in.Look || in.Limits != nil) {
		c.Limits, err = limitsOf(ctx, r.EMR, c.ID)
	}
	return c, err
}

// carryOut does what the plan says, limits first: outside of them EMR would undo
// the rest. c is brought up to date; done says what EMR has taken.
func (r *Resizer) carryOut(ctx context.Context, in Input, c *Cluster, t target, plan Plan) (done []string, err error) {
	if l := plan.Limits; l != nil {
		if err := putLimits(ctx, r.EMR, c.ID, *l); err != nil {
			return done, err
		}
		c.Limits = l
		done = append(done, "limits "+l.String())
		if _, err := r.Sizes.change(ctx, c.ID, func(s *taskSize) { s.begin(*c); s.Limits = l.String() }); err != nil {
			return done, err
		}
	}
	for _, change := range plan.Fleets {
		if err := r.resize(ctx, in, c, t, change); err != nil {
			return done, err
		}
		done = append(done, fmt.Sprintf("%s %d", change.Fleet.Kind, change.Units()))
	}
	if err := r.keep(ctx, in, c, plan); err != nil {
		return done, err
	}
	if plan.Steps != nil {
		if err := setSteps(ctx, r.EMR, c.ID, *plan.Steps); err != nil {
			return done, err
		}
		c.Steps = *plan.Steps
		done = append(done, fmt.Sprintf("steps %d", c.Steps))
	}
	slog.InfoContext(ctx, "cluster resized", "clusterId", c.ID, "runId", t.runID(), "by", in.By, "changed", done)
	return done, nil
}

// keep makes the requested task units permanent that are there already because
// jobs requested them.
func (r *Resizer) keep(ctx context.Context, in Input, c *Cluster, plan Plan) error {
	changes := func(kind string) bool {
		return slices.ContainsFunc(plan.Fleets, func(x Change) bool { return x.Fleet.Kind == kind })
	}
	if in.Task == nil || changes(run.Task) {
		return nil
	}
	_, err := r.Sizes.change(ctx, c.ID, func(s *taskSize) { s.begin(*c); s.Base = in.Task.Units })
	return err
}

func (r *Resizer) resize(ctx context.Context, in Input, c *Cluster, t target, change Change) error {
	id, err := resizeFleet(ctx, r.EMR, c.ID, change, t.profile)
	if err != nil {
		return err
	}
	before := *c
	f := c.changed(change, id)
	if f.Kind == run.Task {
		if _, err := r.Sizes.change(ctx, c.ID, func(s *taskSize) {
			s.begin(before)
			s.know(f)
			s.Base, s.Target = f.Target(), f.Target()
		}); err != nil {
			return err
		}
	}
	return r.record(ctx, in, t, f)
}

// changed notes in c what EMR has taken, and returns the fleet as it is now.
func (c *Cluster) changed(change Change, id string) Fleet {
	f := change.Fleet
	f.OnDemand, f.Spot, f.Reason = change.OnDemand, change.Spot, ""
	if f.ID == "" {
		f.ID, f.State = id, "PROVISIONING"
		c.Fleets = append(c.Fleets, f)
		return f
	}
	f.State = "RESIZING"
	for i := range c.Fleets {
		if c.Fleets[i].ID == f.ID {
			c.Fleets[i] = f
		}
	}
	return f
}

// begin records what a cluster's task fleet was before the first resize.
func (s *taskSize) begin(c Cluster) {
	if s.Version > 0 {
		return
	}
	for _, f := range c.of(run.Task) {
		s.Base += f.Target()
	}
	s.Target = s.Base
}

// record keeps the change with the run that pays for the cluster. A pool's
// cluster is paid for by the runs that lease it, whose shares are not known here.
func (r *Resizer) record(ctx context.Context, in Input, t target, f Fleet) error {
	if t.attempt == nil || t.pool != "" {
		return nil
	}
	change := run.Resize{At: time.Now(), Kind: f.Kind, More: f.Target() - t.attempt.CountOf(f.Kind), Spot: f.Spot > f.OnDemand, Note: "by " + cmp.Or(in.By, "hand")}
	if len(f.Types) > 0 {
		change.Type = f.Types[0]
	}
	return r.Runs.Resized(ctx, t.rec.Run.ID, t.attempt.Attempt, change)
}
