package bench_test

import (
	"bytes"
	"flag"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/bench"
	"ephemr/internal/proof/bench/binary"
	"ephemr/internal/proof/bench/data"
	"ephemr/internal/proof/bench/service"
	"ephemr/internal/proof/bench/trace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func ms(n float64) bench.Seconds { return bench.Seconds(n * float64(time.Millisecond)) }

func report() *bench.Report {
	return &bench.Report{
		Machine: bench.Machine{Platform: "linux/arm64", Cores: 4, Memory: 16 << 30, Load: 2.5}, Took: ms(240e3), Seed: 1,
		Groups: []bench.Group{{
			Name: "sequential", Runs: 30, Median: ms(580), P90: ms(612), Longest: ms(804), Slowest: "300 ms: first state entered (bench-2)", Transitions: [2]int{8, 9}, Retries: 1,
			Calls: [2]int{4, 4}, Operations: map[string]int{"RunJobFlow": 1, "DescribeCluster": 1},
		}},
		Hops:   []bench.Hop{{Name: "first state entered", Where: "Step Functions", Known: 30, Median: ms(151), P90: ms(152), Share: 0.26, Burst: ms(152)}},
		Parts:  []bench.Hop{{Name: "step (left out)", Where: "EMR", Known: 30, Median: ms(720), P90: ms(840)}},
		Shares: []bench.Share{{Where: "watch", Median: ms(106), Share: 0.18, Calls: 146, Took: ms(96), P90: ms(112)}, {Where: "finishrun", Calls: 16, Took: ms(65)}},
		Floor:  ms(45),
		Shared: bench.Shared{Over: ms(137e3), Operations: map[string]int{"ListClusters": 2}},
		Binaries: []bench.Binary{{
			Function: binary.Function{Name: "watch", Zipped: map[string]int64{binary.Arm64: 4 << 20, binary.Platform(): 4 << 20}, Init: make(trace.Sample, 20)},
			Median:   ms(12), P90: ms(13), Ratio: 4.13,
		}},
		Service: &service.Report{
			Start:    service.Start{Version: ms(17), Request: ms(30), Nothing: ms(1), Rounds: 20, Ratio: 17},
			Packages: service.Packages{Files: 1000, Bytes: 8 << 20, Size: 4 << 20, Build: ms(210), Send: ms(250), Again: ms(3), Plain: ms(40), Ratio: 11.5, Rounds: 5},
			Lines:    service.Lines{Timed: 300, P50: ms(900), P99: ms(1700), Longest: ms(1800), Many: 200_000, Bytes: 20 << 20, Rate: 40_000, Pipe: 1_000_000, Ratio: 0.04},
			Pool:     service.Pool{Cold: ms(4000), Warm: ms(2000), P90: ms(2200), Rounds: 10, Ratio: 0.5},
		},
		Load: &bench.Load{
			Requests: 5000, Taken: bench.Pace{All: 28.2, First: 29, Last: 28}, Written: bench.Pace{All: 47, First: 46.5, Last: 47.1},
			Ratio: 0.6, Flat: 0.97, Begin: ms(850),
		},
		Backfill: &bench.Backfill{Dates: 365, Runs: 1825, Planned: ms(700), Recorded: ms(9000), Begun: ms(1900), Written: ms(6000)},
		Intake: &bench.Intake{
			Put: bench.Latency{N: 40, Median: ms(120), P95: ms(300), Longest: ms(410)}, Window: bench.Latency{N: 8, Median: ms(500), P95: ms(900), Longest: ms(950)},
			Requests: bench.Latency{N: 40, Median: ms(150), P95: ms(480), Longest: ms(600)}, Rate: 2000,
			Objects: bench.Objects{N: 10000, Taken: bench.Pace{All: 170}, Written: bench.Pace{All: 200}, Ratio: 0.85},
			Diff:    bench.Pipeline{N: 100, Took: ms(210)}, Apply: bench.Pipeline{N: 1000, Took: ms(40e3)},
		},
		Wide: &bench.Wide{
			Jobs: 200, Ratio: 1.02,
			Free:      bench.WideRun{Took: ms(40e3), Transitions: 8, Calls: 4, Operations: map[string]int{"RunJobFlow": 1, "AddJobFlowSteps": 1}},
			Throttled: bench.WideRun{Took: ms(40.8e3), Transitions: 9, Calls: 8, Operations: map[string]int{"ListSteps": 4}, Refused: map[string]int{"ListSteps": 1}},
		},
		Checks: &data.Checked{
			Rows: 5_000_000, Ratio: 1.05, Wall: 0.06, Ours: data.Usage{Took: ms(2100), CPU: ms(2030)}, DuckDB: data.Usage{Took: ms(1200), CPU: ms(1930)},
			Expectations: data.Usage{Took: ms(35e3), CPU: ms(36e3)},
		},
		Footers: &data.Footers{
			Files: 200, Gets: 1, Ratio: 0.4, Ours: data.Usage{Took: ms(20), CPU: ms(30), Peak: 30 << 20}, DuckDB: data.Usage{Took: ms(60), CPU: ms(75), Peak: 80 << 20},
		},
		Data: &data.Report{
			Rows: 5_000_000, Ratio: 0.8, Ours: data.Usage{Took: ms(2000), CPU: ms(2800), Peak: 45 << 20}, DuckDB: data.Usage{Took: ms(2500), CPU: ms(3500), Peak: 76 << 20},
		},
		Demo:     []bench.Phase{{Name: "laptop up", Took: ms(700)}, {Name: "laptop demo", Took: ms(30e3)}, {Name: "  1. Register the pipeline", Took: ms(400)}},
		Failures: []bench.Failure{{Run: "bench-1", Group: "four concurrent", Why: "FAILED with 2 clusters: no capacity"}},
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	report().Print(&terminal.IO{Out: &out})
	got := strings.NewReplacer(runtime.Version(), "go1.x", "("+binary.Platform()+")\n", "(os/arch)\n").Replace(out.String())
	const golden = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
	for _, needed := range []string{"This machine has other load", "unexplained", "74 %", "left out: bench-1", "8-9", "30.7s"} {
		if !strings.Contains(got, needed) {
			t.Errorf("the report does not say %q", needed)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (&terminal.IO{Out: &out}).JSON(report()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"median": 0.58,`) {
		t.Errorf("the median is not in seconds:\n%s", out.String())
	}
}
