package lineage

import (
	"maps"
	"slices"
	"time"

	"ephemr/internal/run"
	"ephemr/internal/stage"
)

// Graph is the runs among which data is traced, the newest first.
type Graph struct{ runs []traced }

// traced is a run with what it reads and has written.
type traced struct {
	run     run.Run
	in, out []Name
}

// GraphOf returns the graph of runs. Their order does not matter.
func GraphOf(all []*run.Record, s stage.Settings) *Graph {
	g := &Graph{}
	for _, rec := range all {
		f := FlowOf(rec, s)
		t := traced{run: rec.Run, in: names(f.In), out: names(f.Out)}
		for _, reads := range slices.Concat(slices.Collect(maps.Values(f.Reads)), slices.Collect(maps.Values(f.Scanned))) {
			for _, n := range names(reads) { // what a run has written itself, its checks read
				if !slices.Contains(t.in, n) && !slices.ContainsFunc(t.out, n.overlaps) {
					t.in = append(t.in, n)
				}
			}
		}
		slices.SortFunc(t.in, Name.compare)
		slices.SortFunc(t.out, Name.compare)
		g.runs = append(g.runs, t)
	}
	slices.SortFunc(g.runs, func(a, b traced) int { return b.at().Compare(a.at()) })
	return g
}

// at is when the run had its effect.
func (t traced) at() time.Time {
	if t.run.EndedAt.IsZero() {
		return t.run.StartedAt
	}
	return t.run.EndedAt
}

func names(all []Dataset) (out []Name) {
	for _, d := range all {
		out = append(out, d.Name)
	}
	return out
}

// Node is a dataset or a run in a tree, with what comes before or after it.
type Node struct {
	Dataset  string    `json:"dataset,omitempty"`
	RunID    string    `json:"runId,omitempty"`
	Pipeline string    `json:"pipeline,omitempty"`
	State    run.State `json:"state,omitempty"`
	At       time.Time `json:"at,omitzero"`      // end of the run, or its start
	Others   int       `json:"others,omitempty"` // older runs of the pipeline that did the same
	Next     []Node    `json:"next,omitempty"`
	More     bool      `json:"more,omitempty"` // there is more beyond the depth, or it is shown elsewhere
}

// mostNodes bounds a tree.
const mostNodes = 500

// walk builds a tree in one direction.
type walk struct {
	g     *Graph
	up    bool
	nodes int
	seen  map[string]bool // runs in the tree
}

// Dataset returns the runs that have written a dataset, or a part of it, with what they read
// and so on; downstream, the runs that read it.
func (g *Graph) Dataset(n Name, up bool, depth int) []Node {
	w := &walk{g: g, up: up, seen: map[string]bool{}}
	return w.runs(n, time.Time{}, depth)
}

// Run returns the datasets that a run reads; downstream, those that it has written.
func (g *Graph) Run(id string, up bool, depth int) []Node {
	w := &walk{g: g, up: up, seen: map[string]bool{id: true}}
	i := slices.IndexFunc(g.runs, func(t traced) bool { return t.run.ID == id })
	if i < 0 {
		return nil
	}
	return w.datasets(g.runs[i], depth)
}

// datasets are those on the far side of a run.
func (w *walk) datasets(t traced, depth int) (nodes []Node) {
	far := t.out
	if w.up {
		far = t.in
	}
	at := t.run.StartedAt // what has ended before did not read what t has written
	if w.up {
		at = t.at()
	}
	for _, n := range far {
		if w.nodes++; w.nodes > mostNodes {
			return append(nodes, Node{More: true})
		}
		nodes = append(nodes, Node{Dataset: n.String(), Next: w.runs(n, at, depth-1)})
	}
	for _, id := range w.after(t.run) {
		nodes = append(nodes, w.runNode(id, depth-1)...)
	}
	return nodes
}

// after are the runs that a run was waiting for; downstream, those that were waiting for it.
func (w *walk) after(r run.Run) (ids []string) {
	if w.up {
		return r.Trigger.Upstream
	}
	for _, t := range w.g.runs {
		if slices.Contains(t.run.Trigger.Upstream, r.ID) {
			ids = append(ids, t.run.ID)
		}
	}
	return ids
}

// runs are the newest runs of each pipeline on the far side of a dataset: upstream those that
// had started by a time, downstream those that had not ended before it.
func (w *walk) runs(n Name, at time.Time, depth int) (nodes []Node) {
	if depth <= 0 {
		return nil
	}
	found := map[string]int{} // pipeline -> its place in nodes
	for _, t := range w.g.runs {
		near := t.in
		if w.up {
			near = t.out
		}
		if !slices.ContainsFunc(near, n.overlaps) || w.apart(t, at) {
			continue
		}
		if i, ok := found[t.run.Pipeline]; ok {
			nodes[i].Others++
			continue
		}
		if w.nodes++; w.nodes > mostNodes {
			return append(nodes, Node{More: true})
		}
		found[t.run.Pipeline] = len(nodes)
		nodes = append(nodes, w.node(t, depth))
	}
	return nodes
}

// apart reports whether a run cannot have to do with data of a time.
func (w *walk) apart(t traced, at time.Time) bool {
	switch {
	case at.IsZero():
		return false
	case w.up:
		return t.run.StartedAt.After(at)
	}
	return t.at().Before(at)
}

func (w *walk) runNode(id string, depth int) []Node {
	i := slices.IndexFunc(w.g.runs, func(t traced) bool { return t.run.ID == id })
	if i < 0 || depth <= 0 {
		return nil
	}
	w.nodes++
	return []Node{w.node(w.g.runs[i], depth)}
}

// node is a run with what is beyond it, once in a tree.
func (w *walk) node(t traced, depth int) Node {
	n := Node{RunID: t.run.ID, Pipeline: t.run.Pipeline, State: t.run.State, At: t.at()}
	if w.seen[t.run.ID] {
		n.More = true
		return n
	}
	w.seen[t.run.ID] = true
	n.Next = w.datasets(t, depth)
	return n
}
