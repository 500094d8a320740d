package admission_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/proof/simulation"
	"ephemr/internal/run"
	"ephemr/internal/stage"
)

func fileOf(team, name string) string { return "team: " + team + "\n" + file(name) }

// One team's burst, however large, does not starve another's single request: it
// is the next to begin when a slot comes free.
func TestBurstOfOneTeamStarvesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive = 2, 100
		}})
		defer w.Close()
		w.Apply(fileOf("loud", "bursts"))
		w.Apply(fileOf("quiet", "single"))
		for i := range 30 {
			w.Request(request(fmt.Sprintf("burst-%d", i), "bursts", 9))
		}
		synctest.Wait()
		w.Request(request("single", "single", 0))
		time.Sleep(time.Hour)
		// The two that were under way end at the same moment, and so two begin.
		if got := slices.Index(started(w), "single"); got < 0 || got > 3 {
			t.Errorf("the single request began as number %d, want it among the first two after those under way", got)
		}
	})
}

// A team keeps to its own limit, and leaves the rest of the stage to others.
func TestTeamLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{Settings: func(s *stage.Settings) {
			s.Limits.MaxActive, s.Limits.PipelineMaxActive, s.Limits.TeamMaxActive = 10, 10, 3
			s.Limits.Teams = map[string]int{"small": 1}
		}})
		defer w.Close()
		w.Apply(fileOf("large", "one"))
		w.Apply(fileOf("small", "two"))
		for i := range 5 {
			w.Request(request(fmt.Sprintf("large-%d", i), "one", 0))
			w.Request(request(fmt.Sprintf("small-%d", i), "two", 0))
		}
		synctest.Wait()
		byTeam := map[string]int{}
		for _, id := range w.RunIDs() {
			if r := w.Record(id).Run; r.State != run.Queued {
				byTeam[r.Team]++
			}
		}
		if byTeam["large"] != 3 || byTeam["small"] != 1 {
			t.Errorf("under way: %v; want 3 of large and 1 of small", byTeam)
		}
	})
}
