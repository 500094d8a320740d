package lineage_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/job"
	"ephemr/internal/lineage"
	"ephemr/internal/pipeline"
	"ephemr/internal/run"
)

// step is a run of a pipeline that read one dataset and wrote another, so many hours after began.
func step(name string, hour int, in, out string) *run.Record {
	rec := &run.Record{
		Run: run.Run{
			ID: fmt.Sprintf("%s-%d", name, hour), Pipeline: name, State: run.Succeeded, StartedAt: began.Add(time.Duration(hour) * time.Hour),
			EndedAt: began.Add(time.Duration(hour)*time.Hour + time.Minute), Trigger: run.Trigger{Kind: run.ByS3, Bucket: "lake", Key: in + "/x"},
		},
		Spec: &pipeline.Spec{Name: name, Jobs: []pipeline.Job{{Name: "a", Type: job.Bash}}},
		Jobs: []run.Job{{Name: "a", State: run.JobSucceeded}},
	}
	if out != "" {
		rec.Spec.Jobs[0].Expect = []string{"s3://lake/" + out + "/"}
	}
	return rec
}

// draw is a tree as text.
func draw(nodes []lineage.Node, indent string) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprint(&b, indent, n.Dataset, n.RunID)
		if n.Others > 0 {
			fmt.Fprintf(&b, " +%d", n.Others)
		}
		if n.More {
			b.WriteString(" ...")
		}
		b.WriteString("\n" + draw(n.Next, indent+" "))
	}
	return b.String()
}

func TestGraph(t *testing.T) {
	t.Parallel()
	g := lineage.GraphOf([]*run.Record{
		step("clean", 1, "raw", "clean/dt=1"), step("clean", 2, "raw", "clean/dt=2"), step("join", 3, "clean/dt=2", "joined"), step("clean", 4, "raw", "clean/dt=4"),
		step("report", 5, "joined", ""), step("loop", 6, "loop", "loop"), step("loop", 7, "loop", "loop"),
	}, dev)
	dataset := func(address string) lineage.Name {
		n, _ := lineage.S3(address)
		return n
	}
	for name, tt := range map[string]struct {
		got  []lineage.Node
		want string
	}{
		"upstream of a dataset": {g.Dataset(dataset("s3://lake/joined"), true, 5), `
join-3
 s3://lake/clean/dt=2
  clean-2
   s3://lake/raw
`},
		"downstream of a dataset": {g.Dataset(dataset("s3://lake/raw/"), false, 9), `
clean-4 +2
 s3://lake/clean/dt=4
`},
		"downstream of a part": {g.Dataset(dataset("s3://lake/clean/dt=2/part-0"), false, 9), `
join-3
 s3://lake/joined
  report-5
`},
		"several runs":         {g.Dataset(dataset("s3://lake/clean"), true, 9), "\nclean-4 +2\n s3://lake/raw\n"},
		"a run":                {g.Run("clean-2", false, 9), "\ns3://lake/clean/dt=2\n join-3\n  s3://lake/joined\n   report-5\n"},
		"bounded":              {g.Run("clean-2", false, 2), "\ns3://lake/clean/dt=2\n join-3\n  s3://lake/joined\n"},
		"the whole bucket":     {g.Dataset(dataset("s3://lake"), false, 1), "\nloop-7 +1\n s3://lake/loop\nreport-5\nclean-4 +2\n s3://lake/clean/dt=4\njoin-3\n s3://lake/joined\n"},
		"a circle":             {g.Dataset(dataset("s3://lake/loop"), true, 9), "\nloop-7 +1\n s3://lake/loop\n  loop-7 +1 ...\n"},
		"nothing of that sort": {g.Dataset(dataset("s3://lake/jo"), true, 9), "\n"},
		"an unknown run":       {g.Run("x", true, 9), "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, "\n"+draw(tt.got, "")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A run after others is downstream of them, also without common data.
func TestGraphAfter(t *testing.T) {
	t.Parallel()
	next := step("next", 2, "", "")
	next.Run.Trigger = run.Trigger{Kind: run.ByAfter, Upstream: []string{"first-1", "unknown"}}
	g := lineage.GraphOf([]*run.Record{step("first", 1, "raw", "x"), next}, dev)
	if diff := cmp.Diff("first-1\n s3://lake/raw\n", draw(g.Run("next-2", true, 5), "")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff("s3://lake/x\nnext-2\n", draw(g.Run("first-1", false, 5), "")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A run may read what another one is still writing, and not what is written after its end.
func TestGraphOfRunsAtTheSameTime(t *testing.T) {
	t.Parallel()
	writer, reader, early := step("writer", 2, "raw", "x"), step("reader", 3, "x", "y"), step("early", 1, "x", "z")
	writer.Run.EndedAt = began.Add(9 * time.Hour)
	g := lineage.GraphOf([]*run.Record{writer, reader, early}, dev)
	if diff := cmp.Diff("s3://lake/x\n reader-3\n  s3://lake/y\n", draw(g.Run("writer-2", false, 9), "")); diff != "" {
		t.Errorf("downstream, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff("s3://lake/x\n writer-2\n  s3://lake/raw\n", draw(g.Run("reader-3", true, 9), "")); diff != "" {
		t.Errorf("upstream, -want +got:\n%s", diff)
	}
	if diff := cmp.Diff("s3://lake/x\n", draw(g.Run("early-1", true, 9), "")); diff != "" {
		t.Errorf("upstream of the early one, -want +got:\n%s", diff)
	}
}

// A tree of many runs stays small.
func TestGraphIsBounded(t *testing.T) {
	t.Parallel()
	var all []*run.Record
	for i := range 2000 {
		all = append(all, step(fmt.Sprintf("p%d", i), i, fmt.Sprintf("d/%d", i), "d"))
	}
	g := lineage.GraphOf(all, dev)
	n, _ := lineage.S3("s3://lake/d")
	if lines := strings.Count(draw(g.Dataset(n, true, 50), ""), "\n"); lines > 1100 {
		t.Errorf("%d lines", lines)
	}
}
