// Package submit is ephemr submit: it runs a directory or a file as one job on
// a new cluster or one of a pool, with the interface of a local program.
package submit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ephemr/events"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/request"
	"ephemr/internal/cli/runlog"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/show"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/cli/upload"
	"ephemr/internal/emr/cluster"
	"ephemr/internal/emr/pool"
	"ephemr/internal/emr/resize"
	"ephemr/internal/fault"
	"ephemr/internal/job"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/view/follow"
)

// Clients are the clients that submit uses.
type Clients struct {
	Profiles session.ParameterAPI
	S3       upload.S3API
	SQS      request.QueueAPI
	Pools    Pools
	Follower *follow.Follower
	Sender   string // ours, as SQS reports it
}

// Pools finds clusters of pools; nil if there is none with this id.
type Pools interface {
	Get(ctx context.Context, clusterID string) (*pool.Cluster, error)
}

// Options of the command.
type Options struct {
	Source  string // directory or file, relative to Project
	Type    string
	User    string // to run as, or a name or e-mail address for the list of runs
	AsUser  bool   // User was given explicitly: run as this user if the stage has users
	Project string
	Profile string // of the cluster; empty = small, or that of Cluster

	Pool      string        // to lease a cluster from
	KeepAlive time.Duration // idle time of a new cluster in the pool
	Cluster   string        // of a pool, by id

	Include    []string // files and directories of the project
	Entry      string
	Class      string
	Args       []string
	Conf       []string // key=value, as all below
	Vars       []string
	Env        []string
	Params     []string
	Timeout    time.Duration
	Retries    int
	Background string   // fail, wait or kill
	Resize     string   // minimum task units, as task=4
	Expect     []string // s3:// addresses that the job must write to

	Detach bool
	JSON   bool
}

// Run submits the job and follows it to its end, unless detached. With JSON it
// prints the run.Record at the end, or a request.Sent when detached.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) error {
	a, err := prepare(ctx, o, io, s, c)
	if err != nil {
		return err
	}
	spec, err := json.Marshal(a.spec)
	if err != nil {
		return fmt.Errorf("encode pipeline %s: %w", a.spec.Name, err)
	}
	q := events.Request{RequestID: request.NewID(), Pipeline: a.spec.Name, Params: a.params, Spec: spec}
	if o.AsUser && len(s.Access.Users) > 0 {
		q.User = o.User
	}
	sent, err := request.Send(ctx, c.SQS, s.RequestsQueue, c.Sender, q, time.Now())
	if err != nil {
		return err
	}
	if o.Detach {
		return detach(o, io, sent)
	}
	rec, err := runlog.FollowRequest(ctx, c.Follower, sent, io, runlog.Local(io, o.JSON))
	if err != nil {
		return err
	}
	if o.JSON {
		if err := show.JSON(io, rec); err != nil {
			return err
		}
	}
	return exit.Silent(code(rec))
}

// prepare validates the job and uploads the package.
func prepare(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, c Clients) (adhoc, error) {
	if err := named(ctx, &o, c.Pools); err != nil {
		return adhoc{}, err
	}
	a, err := build(o)
	if err != nil {
		return a, err
	}
	meter := progress.New(io, o.JSON)
	sources, err := upload.Build(&a.spec, upload.From{Root: a.root, Project: o.Project}, meter)
	if err != nil {
		return a, exit.Usage("%w", err)
	}
	if err := a.check(slices.Sorted(maps.Keys(s.Lake)), slices.Sorted(maps.Keys(s.Vars))); err != nil {
		return a, err
	}
	shape, err := cluster.LoadProfile(ctx, c.Profiles, s.Stage, o.Profile)
	if fault.NameOf(err) == fault.InvalidInput {
		return a, exit.Usage("%w", err)
	}
	if err != nil {
		return a, err
	}
	if err := resize.CheckJobs(a.spec, shape); err != nil {
		return a, exit.Usage("%s", strings.TrimPrefix(err.Error(), "jobs[0]."))
	}
	p := sources[0].Package
	began := time.Now()
	fresh, err := upload.Send(ctx, c.S3, s.ArtifactsBucket, p, meter)
	if err != nil {
		return a, err
	}
	did := "already uploaded"
	if fresh {
		did = "uploaded in " + terminal.Duration(time.Since(began))
	}
	io.Notef("%s\n", io.ErrStyle().Dim(fmt.Sprintf("%s: %s, %s, %s", p.Source, terminal.Count(len(p.Files), "file"), terminal.Bytes(p.Size), did)))
	return a, nil
}

// named resolves the profile of the given cluster and checks that it can be
// leased, before anything is uploaded.
func named(ctx context.Context, o *Options, pools Pools) error {
	if o.Cluster == "" {
		o.Profile = cmp.Or(o.Profile, "small")
		return nil
	}
	m, err := pools.Get(ctx, o.Cluster)
	if err != nil {
		return err
	}
	if m == nil {
		return exit.Usage("cluster %s does not belong to a pool of this stage; use --pool, or omit --cluster", o.Cluster)
	}
	o.Profile = cmp.Or(o.Profile, m.Profile)
	if err := cluster.Leasable(*m, pipeline.Cluster{Profile: o.Profile}, 1, time.Now()); err != nil {
		return exit.Usage("%w", err)
	}
	return nil
}

func detach(o Options, io *terminal.IO, sent request.Sent) error {
	if o.JSON {
		return io.JSON(sent)
	}
	io.Printf("%s\n", sent.RunID)
	io.Notef("%s\n", io.ErrStyle().Dim("follow it with: ephemr logs -f "+sent.RunID))
	return nil
}

// code returns the exit code of the job, if it decides that of the command.
func code(rec *run.Record) int {
	if rec.Run.State == run.Succeeded && rec.NothingToDo() {
		return job.NothingToDo
	}
	if j := rec.Failure(); j != nil && j.ExitCode != nil && *j.ExitCode > 0 && *j.ExitCode < 256 && rec.Run.State == run.Failed {
		return *j.ExitCode
	}
	return runlog.ExitCode(rec.Run.State)
}
