package complete

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/emr/clusterlist"
	"ephemr/internal/run"
	"ephemr/internal/stage"
	"ephemr/internal/view/pipelinelist"
	"ephemr/internal/view/runview"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

// most is the maximum number of runs to choose from.
const most = 30

// Loader reads a run.
type Loader interface {
	Load(ctx context.Context, id string) (*run.Record, error)
}

// dated matches the prefix of a run id that includes its date.
var dated = regexp.MustCompile(`^([a-z][a-z0-9-]*)-\d{8}(T|$)`)

// RunIDs returns the newest runs with this prefix, in one of states (none =
// any), without given.
func RunIDs(ctx context.Context, store runview.Lister, begun string, given []string, states []run.State) ([]cobra.Completion, error) {
	if len(states) == 0 {
		states = run.States
	}
	var found []run.Run
	var err error
	if m := dated.FindStringSubmatch(begun); m != nil {
		found, err = store.List(ctx, run.Query{Pipeline: m[1], Limit: 10 * most})
	} else {
		found, err = inStates(ctx, store, states)
	}
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(r run.Run) bool {
		return !strings.HasPrefix(r.ID, begun) || slices.Contains(given, r.ID) || !slices.Contains(states, r.State)
	})
	slices.SortFunc(found, runview.NewestFirst)
	words := make([]cobra.Completion, 0, most)
	for _, r := range found[:min(len(found), most)] {
		words = append(words, cobra.CompletionWithDesc(r.ID, string(r.State)+", "+terminal.Ago(r.RequestedAt, time.Now())))
	}
	return words, nil
}

// inStates lists all states concurrently, to stay within the time limit.
func inStates(ctx context.Context, store runview.Lister, states []run.State) ([]run.Run, error) {
	lists := make([][]run.Run, len(states))
	g, ctx := errgroup.WithContext(ctx)
	for i, state := range states {
		g.Go(func() (err error) {
			lists[i], err = store.List(ctx, run.Query{State: state, Limit: 10 * most})
			return err
		})
	}
	err := g.Wait()
	return slices.Concat(lists...), err
}

// JobNames returns the jobs of a run, with their states.
func JobNames(ctx context.Context, runs Loader, id string) ([]cobra.Completion, error) {
	rec, err := runs.Load(ctx, id)
	if err != nil || rec.Spec == nil {
		return nil, err
	}
	var words []cobra.Completion
	for _, j := range rec.Spec.AllJobs() {
		state := ""
		if known := rec.Job(j.Name); known != nil {
			state = string(known.State)
		}
		words = append(words, cobra.CompletionWithDesc(j.Name, strings.TrimSpace(string(j.Type)+" "+state)))
	}
	return words, nil
}

// PipelineNames returns the registered pipelines, with their descriptions.
func PipelineNames(ctx context.Context, api pipelinelist.ScanAPI, table string) ([]cobra.Completion, error) {
	all, err := pipelinelist.List(ctx, api, table)
	if err != nil {
		return nil, err
	}
	var words []cobra.Completion
	for _, v := range all {
		words = append(words, cobra.CompletionWithDesc(v.Spec.Name, terminal.OneLine(v.Spec.Description)))
	}
	return words, nil
}

// ProfileNames returns the cluster profiles of a stage.
func ProfileNames(ctx context.Context, api ssm.GetParametersByPathAPIClient, stageName string) ([]cobra.Completion, error) {
	names, err := parameters(ctx, api, strings.TrimSuffix(stage.ProfileParameter(stageName, ""), "/"))
	var words []cobra.Completion
	for _, name := range names {
		words = append(words, name[strings.LastIndexByte(name, '/')+1:])
	}
	return words, err
}

// StageNames returns the stages of an account and Region.
func StageNames(ctx context.Context, api ssm.GetParametersByPathAPIClient) ([]cobra.Completion, error) {
	before, after, _ := strings.Cut(stage.ParameterName("*"), "*")
	names, err := parameters(ctx, api, strings.TrimSuffix(before, "/"))
	var words []cobra.Completion
	for _, path := range names {
		name, below := strings.CutPrefix(path, before)
		name, settings := strings.CutSuffix(name, after)
		if below && settings && !strings.Contains(name, "/") {
			words = append(words, name)
		}
	}
	return words, err
}

// parameters are the names below a path, sorted.
func parameters(ctx context.Context, api ssm.GetParametersByPathAPIClient, path string) ([]string, error) {
	var names []string
	for p := ssm.NewGetParametersByPathPaginator(api, &ssm.GetParametersByPathInput{Path: &path, Recursive: aws.Bool(true)}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err //nolint:wrapcheck // it is not shown
		}
		for _, param := range page.Parameters {
			names = append(names, aws.ToString(param.Name))
		}
	}
	slices.Sort(names)
	return names, nil
}

// with puts word before words, once.
func with(word string, words []cobra.Completion) []cobra.Completion {
	if word == "" {
		return words
	}
	return append([]cobra.Completion{word}, slices.DeleteFunc(words, func(w cobra.Completion) bool { return w == word })...)
}

// ClusterLister lists the clusters of a stage.
type ClusterLister interface {
	Clusters(ctx context.Context, ended bool) ([]clusterlist.Cluster, error)
}

// ClusterIDs returns the running clusters without given.
func ClusterIDs(ctx context.Context, all ClusterLister, given []string) ([]cobra.Completion, error) {
	found, err := all.Clusters(ctx, false)
	if err != nil {
		return nil, err
	}
	var words []cobra.Completion
	for _, c := range found {
		if !slices.Contains(given, c.ID) {
			words = append(words, cobra.CompletionWithDesc(c.ID, string(c.State)+" "+c.Holder()))
		}
	}
	return words, nil
}
