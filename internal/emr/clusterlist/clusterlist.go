// Package clusterlist lists the clusters of a stage: those that EMR has and that
// the stage's records know, with the data of both.
package clusterlist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/emr/cluster"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// ListAPI lists the account's clusters.
type ListAPI interface {
	ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error)
}

// Store reads runs.
type Store interface {
	Load(ctx context.Context, id string) (*run.Record, error)
}

// Stage is where the clusters of a stage are found.
type Stage struct {
	EMR     ListAPI
	Records cluster.BatchAPI
	Table   string // of clusters
	Runs    Store
}

// New returns the Stage that s describes.
func New(cfg aws.Config, s stage.Settings) *Stage {
	db := dynamodb.NewFromConfig(cfg)
	return &Stage{EMR: emr.NewFromConfig(cfg), Records: db, Table: s.ClustersTable, Runs: &store.Runs{DB: db, Table: s.RunsTable}}
}

// recent is how long ended clusters are listed, and oldest their maximum age: EMR
// filters by creation time.
const (
	recent = 24 * time.Hour
	oldest = 7 * 24 * time.Hour
)

// Clusters returns those of the stage that are starting or running, newest first;
// with ended also those that ended in the last day.
func (s *Stage) Clusters(ctx context.Context, ended bool) ([]Cluster, error) {
	listed, err := s.list(ctx, &emr.ListClustersInput{ClusterStates: []types.ClusterState{
		types.ClusterStateStarting, types.ClusterStateBootstrapping, types.ClusterStateRunning, types.ClusterStateWaiting,
	}})
	if err != nil {
		return nil, err
	}
	if ended {
		over, err := s.list(ctx, &emr.ListClustersInput{CreatedAfter: aws.Time(time.Now().Add(-oldest)), ClusterStates: []types.ClusterState{
			types.ClusterStateTerminating, types.ClusterStateTerminated, types.ClusterStateTerminatedWithErrors,
		}})
		if err != nil {
			return nil, err
		}
		listed = append(listed, recently(over, listed)...)
	}
	return s.own(ctx, listed)
}

// recently are those of over that have not ended long ago, without those that
// were still up when up was listed.
func recently(over, up []types.ClusterSummary) []types.ClusterSummary {
	since := time.Now().Add(-recent)
	return slices.DeleteFunc(over, func(c types.ClusterSummary) bool {
		return endedBefore(c, since) || slices.ContainsFunc(up, func(u types.ClusterSummary) bool { return aws.ToString(u.Id) == aws.ToString(c.Id) })
	})
}

func endedBefore(c types.ClusterSummary, t time.Time) bool {
	return c.Status != nil && c.Status.Timeline != nil && c.Status.Timeline.EndDateTime != nil && c.Status.Timeline.EndDateTime.Before(t)
}

func (s *Stage) list(ctx context.Context, in *emr.ListClustersInput) (listed []types.ClusterSummary, err error) {
	for p := emr.NewListClustersPaginator(s.EMR, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		listed = append(listed, page.Clusters...)
	}
	return listed, nil
}

// own returns the clusters in the stage's records. A matching name is not
// sufficient.
func (s *Stage) own(ctx context.Context, listed []types.ClusterSummary) ([]Cluster, error) {
	ids := make([]string, 0, len(listed))
	for _, c := range listed {
		ids = append(ids, aws.ToString(c.Id))
	}
	known, err := cluster.Lookup(ctx, s.Records, s.Table, ids)
	if err != nil {
		return nil, err
	}
	own := []Cluster{}
	var errs []error
	for _, c := range listed {
		one, ok, err := s.cluster(ctx, c, known[aws.ToString(c.Id)])
		if ok {
			own = append(own, one)
		}
		errs = append(errs, err)
	}
	slices.SortFunc(own, func(a, b Cluster) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return own, errors.Join(errs...)
}

// cluster joins the data of EMR and of the records; false if the cluster is not
// in the records.
func (s *Stage) cluster(ctx context.Context, c types.ClusterSummary, k cluster.Record) (Cluster, bool, error) {
	one := Cluster{ID: aws.ToString(c.Id), Name: aws.ToString(c.Name), Profile: k.Profile, Release: k.Release, Pipeline: k.Pipeline, Deadline: k.Deadline}
	one.status(c.Status)
	one.CostUSD = one.cost(run.Cluster{Units: k.Units})
	if k.Pool != "" {
		one.pooled(&k)
		return one, true, nil
	}
	one.RunID = cmp.Or(k.RunID, run.OfCluster(one.Name)) // its record is written when EMR has answered
	if one.RunID == "" {
		return one, false, nil
	}
	rec, err := s.Runs.Load(ctx, one.RunID)
	if run.IsUnknown(err) {
		return one, k.ID != "", nil
	}
	if err != nil {
		return one, false, err
	}
	return one, one.of(rec) || k.ID != "", nil
}
