package simulation_test

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/simulation"
)

// Flags of make simulate.
var (
	runs    = flag.Int("runs", 2000, "how many runs are asked for")
	seed    = flag.Uint64("seed", 1, "of the first storm; the others count on from it")
	world   = flag.Int("world", 40, "how many runs are asked for in one storm")
	kind    = flag.String("kind", "", "make all storms of one kind, e.g. crashes")
	calls   = flag.String("calls", "", "write all calls, their fates and what functions log to this file, an absolute path; best with a single storm")
	onShort = 200 // runs with -short
)

// slow leaves a test out with -short.
func slow(t *testing.T, why string) {
	t.Helper()
	if testing.Short() {
		t.Skip(why)
	}
}

// play lets a storm pass in a bubble of its own.
func play(t *testing.T, s simulation.Storm) simulation.Report {
	t.Helper()
	var r simulation.Report
	synctest.Test(t, func(*testing.T) { r = s.Play() })
	return r
}

// Whatever fails, and in whatever order things happen: one outcome, one cluster,
// one step, and nothing left.
func TestStorms(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		*runs = min(*runs, onShort)
	}
	out := logTo(t, *calls)
	began := time.Now()
	var accepted, faults, passed, leases, resized, answers atomic.Int64
	t.Cleanup(func() {
		took := time.Since(began)
		t.Logf("%d storms, %d runs, %d of them on warm clusters, %d changes of size, %d answers why, %d faults in %s: %.0f runs/s",
			passed.Load(), accepted.Load(), leases.Load(), resized.Load(), answers.Load(), faults.Load(), took.Round(time.Second), float64(accepted.Load())/took.Seconds())
	})
	storms := (*runs + *world - 1) / *world
	roles := newRoles(t)
	if storms >= enough && *kind == "" && *seed == 1 {
		t.Cleanup(func() { roles.end(t) })
	}
	for i := range storms {
		s := simulation.Storm{Seed: *seed + uint64(i), Runs: *world, Kind: *kind, Log: out}
		t.Run(fmt.Sprint(s.Seed), func(t *testing.T) {
			t.Parallel()
			var recorded *recording
			if i < enough && out == nil {
				recorded = newRecording()
				s.Log, s.Break = recorded, recorded.tables
			}
			r := play(t, s)
			if recorded != nil {
				roles.check(t, recorded)
			}
			passed.Add(1)
			accepted.Add(int64(r.Runs))
			faults.Add(int64(r.Troubles()))
			leases.Add(int64(r.Leases))
			resized.Add(int64(r.Resized))
			answers.Add(int64(r.Answers()))
			if len(r.Broken) > 0 {
				t.Errorf("%s\nsee it again: %s", r, r.ReplayCommand())
			} else if storms <= 10 {
				t.Log(r)
			}
		})
	}
}

// The control plane needs nothing of EMR: 1,000 runs on another engine keep all
// promises.
func TestStormsOnAnotherEngine(t *testing.T) {
	t.Parallel()
	asked := 1000
	if testing.Short() {
		asked = onShort
	}
	for i := range asked / 40 {
		s := simulation.Storm{Seed: uint64(i) + 1, Runs: 40, Instant: true}
		t.Run(fmt.Sprint(s.Seed), func(t *testing.T) {
			t.Parallel()
			if r := play(t, s); len(r.Broken) > 0 {
				t.Error(r)
			}
		})
	}
}

func logTo(t *testing.T, path string) io.Writer {
	t.Helper()
	if path == "" {
		return nil
	}
	f, err := os.Create(path) //nolint:gosec // whoever starts the test says where
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	slog.SetDefault(slog.New(slog.NewTextHandler(f, nil)))
	return f
}

// The same seed is the same storm, to the last call.
func TestStormsAreRepeatable(t *testing.T) {
	t.Parallel()
	slow(t, "plays 25 runs of every kind twice")
	for _, kind := range simulation.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := simulation.Storm{Seed: 7, Runs: 25, Kind: kind}
			if diff := cmp.Diff(play(t, s), play(t, s)); diff != "" {
				t.Errorf("two storms of one seed differ:\n%s", diff)
			}
		})
	}
}

// What storms find is worth what they would find: each mistake that the rules of
// the house forbid is found within a few of them.
func TestStormsFindMistakes(t *testing.T) {
	t.Parallel()
	slow(t, "plays up to 20 storms for each mistake")
	const most = 20
	for name, tt := range map[string]struct {
		storm simulation.Storm
		want  simulation.Invariant
	}{
		"creates without looking for the cluster": {simulation.Storm{Kind: "rough", Break: simulation.BlindCreate}, simulation.OneCluster},
		"submits without looking for the steps":   {simulation.Storm{Kind: "rough", Break: simulation.BlindSubmit}, simulation.OneStep},
		"writes without conditions":               {simulation.Storm{Kind: "all at once", Break: simulation.Unconditional}, simulation.OneStep},
		"admits without room":                     {simulation.Storm{Kind: "fair", Break: simulation.Overbook}, simulation.Slots},
		"reads the first queue only":              {simulation.Storm{Kind: "fair", Runs: 60, Break: simulation.SkipQueues}, simulation.Starts}, // queues must last
		"calls without budget":                    {simulation.Storm{Kind: "poor", Break: simulation.Spendthrift}, simulation.Budget},
		"looks first, registers later":            {simulation.Storm{Kind: "untimed", Break: simulation.LookFirst}, simulation.Noticed},
		"leases without looking for room":         {simulation.Storm{Kind: "fair", Break: simulation.LeaseBlindly}, simulation.Leases},
		"leases clusters of the other kind":       {simulation.Storm{Kind: "fair", Break: simulation.IgnoreKind}, simulation.Instances},
		"never gives a lease back":                {simulation.Storm{Kind: "fair", Break: simulation.ForgetLeases}, simulation.Leases},
		"never takes task units back":             {simulation.Storm{Kind: "fair", Break: simulation.KeepUnits}, simulation.RightSize},
		"believes any result":                     {simulation.Storm{Kind: "fair", Break: simulation.BelieveAnyResult}, simulation.OwnResult},
		"believes any event":                      {simulation.Storm{Kind: "fair", Break: simulation.BelieveAnyEvent}, simulation.EndedStep},
		"submits after the deadline":              {simulation.Storm{Kind: "untimed", Break: simulation.IgnoreDeadlines}, simulation.OnTime},
		"goes on when cancelled":                  {simulation.Storm{Kind: "fair", Break: simulation.IgnoreCancel}, simulation.OnTime},
		"repeats at once":                         {simulation.Storm{Kind: "fair", Break: simulation.RepeatAtOnce}, simulation.NotEarly},
		"ignores when":                            {simulation.Storm{Kind: "fair", Break: simulation.IgnoreWhen}, simulation.CleanUp},
		"assumes objects":                         {simulation.Storm{Kind: "fair", Break: simulation.AssumeObjects}, simulation.Objects},
		"does not wait for approval":              {simulation.Storm{Kind: "fair", Break: simulation.IgnoreApprove}, simulation.Approved},
		"ignores if":                              {simulation.Storm{Kind: "fair", Break: simulation.IgnoreIf}, simulation.Condition},
		"refuses its own write":                   {simulation.Storm{Kind: "lost answers", Break: simulation.RefuseOwnWrites}, simulation.OwnWrite},
		"does not unprotect clusters":             {simulation.Storm{Kind: "fair", Break: simulation.LeaveProtected}, simulation.NothingLeft},
		"waits for capacity":                      {simulation.Storm{Kind: "fair", Break: simulation.WaitForCapacity}, simulation.NextFallback},
		"computes the next date from the clock":   {simulation.Storm{Kind: "fair", Break: simulation.NextFromNow}, simulation.Dates},
		"records dates before they are requested": {simulation.Storm{Kind: "rough", Break: simulation.MoveFirst}, simulation.Dates},
		"lends clusters of killed runners":        {simulation.Storm{Kind: "fair", Break: simulation.LendLeftovers}, simulation.NoApplication},
		"takes cancelled steps for over":          {simulation.Storm{Kind: "fair", Break: simulation.BelieveCancelled}, simulation.NoRunner},
		"cancels a backfill without its queue":    {simulation.Storm{Kind: "fair", Break: simulation.CancelWithoutQueue}, simulation.Ends},
		"closes batches without a condition":      {simulation.Storm{Kind: "fair", Runs: 60, Break: simulation.CloseBlindly}, simulation.EveryObject},
		"counts without the ledger":               {simulation.Storm{Kind: "fair", Break: simulation.CountBlindly}, simulation.EveryObject},
		"announces before it does":                {simulation.Storm{Kind: "crashes", Runs: 40, Break: simulation.AnnounceFirst}, simulation.Follows},
		"reads successes from an index":           {simulation.Storm{Kind: "fair", Break: simulation.ReadLate}, simulation.Follows},
		"blames the stage always":                 {simulation.Storm{Kind: "fair", Break: simulation.BlameStage}, simulation.Explained},
		"explains without the date before":        {simulation.Storm{Kind: "fair", Break: simulation.ForgetPast}, simulation.Explained},
		"explains without waiters":                {simulation.Storm{Kind: "fair", Break: simulation.IgnoreWaiters}, simulation.Explained},
		"forgets what newer runs have published":  {simulation.Storm{Kind: "fair", Runs: 40, Break: simulation.ForgetNewer}, simulation.Published},
		"writes no end of a lineage":              {simulation.Storm{Kind: "fair", Break: simulation.ForgetEvents}, simulation.Lineage},
		"does not repair lineage events":          {simulation.Storm{Kind: "crashes", Break: simulation.WriteEventsOnce}, simulation.Lineage},
		"asks Athena without a token":             {simulation.Storm{Kind: "rough", Runs: 40, Break: simulation.AskAgain}, simulation.Decided},
		"ignores the rows of queries":             {simulation.Storm{Kind: "fair", Break: simulation.IgnoreRows}, simulation.Decided},
		"forgets statistics":                      {simulation.Storm{Kind: "fair", Break: simulation.ForgetStatistics}, simulation.Statistics},
		"marks notices before they are recorded":  {simulation.Storm{Kind: "crashes", Runs: 40, Break: simulation.ReportLater}, simulation.Reported},
		"does not sweep":                          {simulation.Storm{Kind: "rough", NoSweep: true}, simulation.NothingLeft},
		"leaves stuck runs alone":                 {simulation.Storm{Kind: "rough", NoSweep: true}, simulation.Ends},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := map[simulation.Invariant]int{}
			for n := range uint64(most) {
				s := tt.storm
				s.Seed, s.Runs = n+1, max(s.Runs, 25)
				for _, b := range play(t, s).Broken {
					found[b.Invariant]++
				}
				if found[tt.want] > 0 {
					t.Logf("found by storm %d: %v", n+1, found)
					return
				}
			}
			var others []string
			for _, i := range slices.Sorted(maps.Keys(found)) {
				others = append(others, string(i))
			}
			t.Errorf("%d storms did not find it by %q, only by %q", most, tt.want, strings.Join(others, ", "))
		})
	}
}
