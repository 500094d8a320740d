// Package lineage is ephemr lineage: where data came from, and what was made of it.
package lineage

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/lineage"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Options of the command.
type Options struct {
	Of    string // a dataset or a run
	Depth int
	Runs  int // that are read, of each state
	JSON  bool
}

// Answer is what the command prints as JSON.
type Answer struct {
	Of         string         `json:"of"`
	Runs       int            `json:"runs"` // that were read
	Upstream   []lineage.Node `json:"upstream"`
	Downstream []lineage.Node `json:"downstream"`
}

// Store reads runs.
type Store interface {
	List(ctx context.Context, q run.Query) ([]run.Run, error)
	Load(ctx context.Context, id string) (*run.Record, error)
}

// The bounds of what is read.
const (
	mostDepth = 20
	mostRuns  = 1000
	parallel  = 16
)

// Run prints the lineage of a dataset or of a run.
func Run(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, runs Store) error {
	if o.Depth < 1 || o.Depth > mostDepth {
		return exit.Usage("invalid --depth %d: use 1 to %d", o.Depth, mostDepth)
	}
	if o.Runs < 1 || o.Runs > mostRuns {
		return exit.Usage("invalid --runs %d: use 1 to %d", o.Runs, mostRuns)
	}
	dataset, isDataset := name(o.Of, s)
	all, err := records(ctx, o, runs, !isDataset)
	if run.IsUnknown(err) {
		return exit.Usage("run %s not found; list runs with: ephemr runs. A dataset has an address such as s3://bucket/prefix/, or is a table such as database.table", o.Of)
	}
	if err != nil {
		return err
	}
	g := lineage.GraphOf(all, s)
	out := Answer{Of: o.Of, Runs: len(all)}
	if isDataset {
		out.Of, out.Upstream, out.Downstream = dataset.String(), g.Dataset(dataset, true, o.Depth), g.Dataset(dataset, false, o.Depth)
	} else {
		out.Upstream, out.Downstream = g.Run(o.Of, true, o.Depth), g.Run(o.Of, false, o.Depth)
	}
	if o.JSON {
		out.Upstream, out.Downstream = append([]lineage.Node{}, out.Upstream...), append([]lineage.Node{}, out.Downstream...)
		return io.JSON(out)
	}
	p := page{IO: io, Style: io.OutStyle(), isDataset: isDataset}
	p.show(out)
	return nil
}

// name is the dataset that a user names; false means that it is the id of a run.
func name(text string, s stage.Settings) (lineage.Name, bool) {
	if n, ok := lineage.S3(text); ok {
		return n, true
	}
	if database, table, ok := strings.Cut(text, "."); ok && database != "" && table != "" {
		return lineage.Table(s, database, table), true
	}
	return lineage.Name{}, false
}

// records reads the newest runs, and that which o names.
func records(ctx context.Context, o Options, runs Store, named bool) ([]*run.Record, error) {
	var ids []string
	if named {
		ids = append(ids, o.Of)
	}
	for _, state := range []run.State{run.Running, run.Succeeded, run.Failed, run.Cancelled} {
		list, err := runs.List(ctx, run.Query{State: state, Limit: o.Runs})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if !named || r.ID != o.Of {
				ids = append(ids, r.ID)
			}
		}
	}
	all := make([]*run.Record, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, id := range ids {
		g.Go(func() (err error) {
			all[i], err = runs.Load(ctx, id)
			return err
		})
	}
	return all, g.Wait()
}

// page prints an answer.
type page struct {
	*terminal.IO
	terminal.Style

	isDataset bool
}

func (p page) show(a Answer) {
	p.Printf("%s\n", p.Bold(terminal.OneLine(a.Of)))
	before, after := "reads", "wrote"
	if p.isDataset {
		before, after = "written by", "read by"
	}
	p.section("upstream", a.Upstream, before)
	p.section("downstream", a.Downstream, after)
	p.Printf("\n%s\n", p.Dim("from the records of "+terminal.Count(a.Runs, "run")+"; --runs reads more"))
}

func (p page) section(title string, nodes []lineage.Node, word string) {
	p.Printf("\n%s\n", title)
	if len(nodes) == 0 {
		p.Printf("%s\n", p.Dim("└─ nothing is known"))
		return
	}
	p.tree(nodes, "", word)
}

// opposite are the words for the nodes below.
var opposite = map[string]string{"reads": "written by", "written by": "reads", "wrote": "read by", "read by": "wrote"}

func (p page) tree(nodes []lineage.Node, indent, word string) {
	for i, n := range nodes {
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		p.Printf("%s%s%s\n", indent, branch, p.line(n, word))
		p.tree(n.Next, indent+below, opposite[word])
	}
}

// line describes a node.
func (p page) line(n lineage.Node, word string) string {
	switch {
	case n.Dataset != "":
		return p.Dim(word) + " " + terminal.OneLine(n.Dataset)
	case n.RunID == "":
		return p.Dim("and more")
	}
	if word == "reads" { // among the datasets of a run is the run that it was waiting for
		word = "after"
	}
	text := p.Dim(word) + " " + n.RunID + " " + p.State(n.State, string(n.State)) + " " + n.At.UTC().Format("2006-01-02 15:04Z")
	if n.Others > 0 {
		text += p.Dim(" and " + terminal.Count(n.Others, "other run"))
	}
	if n.More {
		text += p.Dim(" (see above)")
	}
	return text
}
