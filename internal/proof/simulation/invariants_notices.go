package simulation

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ephemr/internal/notify"
	"ephemr/internal/outbox"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// notices counts the failed runs of each pipeline in all that is or was to be sent: in
// entries, in what threads hold back, and in messages, each once whatever the number of
// its destinations.
func (c *checker) notices() map[string]int {
	counted, seen := map[string]int{}, map[string]bool{}
	for _, it := range c.w.DB.Items(c.w.Settings.RunsTable) {
		of, ok := strings.CutPrefix(text(it["pk"]), records.NoticesPartition(""))
		if !ok {
			continue
		}
		switch sort, data := text(it["sk"]), []byte(text(it["json"])); {
		case sort == records.ThreadsSort:
			counted[of] += pending(decoded[outbox.State](data))
		case strings.HasPrefix(sort, records.EntryPrefix):
			if decoded[notify.Entry](data).Message.Kind == notify.Failure {
				counted[of]++
			}
		case strings.HasPrefix(sort, records.SendingPrefix):
			m := decoded[outbox.Outgoing](data).Message
			if !seen[m.ID] && (m.Kind == notify.Failure || m.Kind == notify.Resolved) {
				counted[of] += m.Count
			}
			seen[m.ID] = true
		}
	}
	return counted
}

// pending is how many failed runs the threads hold back.
func pending(s outbox.State) (n int) {
	for _, t := range s.Threads {
		if p := t.Pending; p != nil && p.Message.Kind == notify.Failure {
			n += p.Count
		}
	}
	return n
}

// fails counts the failure of a run, unless it was withdrawn with its backfill.
func (c *checker) fails(id string, to run.State, partition string) {
	if (to == run.Failed || to == run.Cancelled) && partition == records.Unannounced {
		c.failed[c.of[id]]++
	}
}

func decoded[T any](data []byte) (v T) {
	if err := json.Unmarshal(data, &v); err != nil {
		panic(fmt.Sprintf("decode %T: %v", v, err))
	}
	return v
}

// reported compares what notices count with the ends of runs.
func (c *checker) reported(counted map[string]int) {
	for _, p := range slices.Sorted(maps.Keys(c.failed)) {
		if c.failed[p] != counted[p] {
			c.fail(Reported, "%d runs of pipeline %s have failed, and notices count %d", c.failed[p], p, counted[p])
		}
	}
}
