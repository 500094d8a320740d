package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
)

// Arrival is an object that an event has reported.
type Arrival struct {
	Object

	As pipeline.Match
}

// Limits of one addition.
const (
	maxTogether = 40 // objects in a transaction, which has up to 100 items, two of an object without versions
	maxRounds   = 25 // transactions that others may overtake
)

// Added says what an addition has done to batches.
type Added struct {
	Opened []Batch  // their closing is to be scheduled, also of a batch whose marker has arrived
	Closed []string // they are to be started
	Last   *Batch   // the newest batch, if something was added to it
}

// Add adds objects that a pipeline's trigger matches to the open batch of the trigger,
// each of them once. It opens batches, and closes those that are full.
func (s *Store) Add(ctx context.Context, pipelineName string, t pipeline.S3Trigger, arrivals []Arrival) (Added, error) {
	trigger, err := TriggerID(t)
	if err != nil {
		return Added{}, err
	}
	a := addition{Store: s, pipeline: pipelineName, trigger: t, id: trigger, rest: inOrder(arrivals)}
	for round := 0; len(a.rest) > 0; round++ {
		if round == maxRounds {
			return a.done, fault.New(fault.Throttled, "add %d objects to the batch of %s: other invocations were faster %d times", len(a.rest), pipelineName, round)
		}
		conflict, err := a.round(ctx)
		if err != nil {
			return a.done, err
		}
		if conflict {
			a.pause(ctx, round)
		}
	}
	return a.done, nil
}

// inOrder returns each object once, and what closes a batch behind the data: events of a
// delivery come in any order.
func inOrder(arrivals []Arrival) []Arrival {
	seen := map[string]bool{}
	var once []Arrival
	for _, a := range arrivals {
		id := a.Key + "\x00" + a.Identity()
		if !seen[id] {
			once = append(once, a)
		}
		seen[id] = true
	}
	rank := map[pipeline.Match]int{pipeline.IsManifest: 1, pipeline.IsMarker: 2}
	slices.SortStableFunc(once, func(a, b Arrival) int { return cmp.Or(cmp.Compare(rank[a.As], rank[b.As]), byTime(a.Object, b.Object)) })
	return once
}

// pause lets a concurrent transaction end, as the SDK does before it repeats a call. Each
// invocation has its own order of delays.
func (a *addition) pause(ctx context.Context, round int) {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, a.rest[0].Key, round)
	most := min(10*time.Millisecond<<min(round, 5), 200*time.Millisecond)
	select {
	case <-ctx.Done():
	case <-time.After(most * time.Duration(h.Sum32()%1000) / 1000):
	}
}

// addition is what one call of Add works on.
type addition struct {
	*Store

	pipeline string
	trigger  pipeline.S3Trigger
	id       string // of the trigger
	rest     []Arrival
	now      *Batch // the newest batch of the trigger, as far as known
	known    bool   // now has been read
	done     Added
}

// round adds as many objects as one transaction takes. conflict means that another
// writer was faster.
func (a *addition) round(ctx context.Context) (conflict bool, err error) {
	if !a.known {
		if a.now, err = a.newest(ctx, a.pipeline, a.id); err != nil {
			return false, err
		}
		a.known = true
	}
	if a.now != nil && a.now.State == Open && !time.Now().Before(a.now.ClosesAt) {
		return false, a.close(ctx, a.now.By())
	}
	some, full := a.fitting()
	if len(some) == 0 {
		return false, a.close(ctx, full)
	}
	next := a.next(some)
	items, of, err := a.transaction(next, some)
	if err != nil {
		return false, err
	}
	_, err = a.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: items})
	if t, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return a.refused(ctx, t, of)
	}
	if err != nil {
		return false, fmt.Errorf("add %d objects to batch %s: %w", len(some), next.ID, err)
	}
	a.rest = a.rest[len(some):]
	a.added(ctx, next, some)
	return false, nil
}

// added notes what a transaction has done.
func (a *addition) added(ctx context.Context, next Batch, some []Arrival) {
	if next.State == Closed {
		a.done.Closed = append(a.done.Closed, next.ID)
	} else if a.now == nil || a.now.ID != next.ID || next.ClosesAt.Before(a.now.ClosesAt) {
		a.done.Opened = append(a.done.Opened, next)
	}
	slog.InfoContext(ctx, "objects added to batch", "batch", next.ID, "pipeline", a.pipeline, "objects", len(some), "count", next.Count, "state", next.State)
	a.now, a.done.Last = &next, &next
}

// close closes the newest batch, and has it read again.
func (a *addition) close(ctx context.Context, by string) error {
	closed, err := a.Close(ctx, *a.now, by)
	if closed {
		a.done.Closed = append(a.done.Closed, a.now.ID)
	}
	a.known = false
	return err
}

// fitting returns those of the next objects that fit into the open batch, or that a new
// batch takes. full is what has no room for the next object.
func (a *addition) fitting() (some []Arrival, full string) {
	count, size := 0, int64(0)
	if a.now != nil && a.now.State == Open {
		count, size = a.now.Count, a.now.Bytes
	}
	for _, x := range a.rest {
		if !x.joins(some) {
			break
		}
		if x.As == pipeline.IsData {
			if full := a.limit(count, size, x); full != "" {
				return some, full
			}
			count, size = count+1, size+x.Size
		}
		some = append(some, x)
		if x.As != pipeline.IsData {
			break
		}
	}
	return some, ""
}

// joins reports whether x can be added in the same transaction as some. A marker is a
// transaction of its own, and a transaction has each item once.
func (x Arrival) joins(some []Arrival) bool {
	return len(some) < maxTogether && (len(some) == 0 || x.As == some[0].As) && !slices.ContainsFunc(some, x.sameContent)
}

// limit is what keeps x out of a batch with count objects of the given size, or "".
func (a *addition) limit(count int, size int64, x Arrival) string {
	if count == a.trigger.Batch.Most() {
		return "maxObjects"
	}
	if most := int64(a.trigger.Batch.MaxBytes); most > 0 && count > 0 && size+x.Size > most {
		return "maxBytes"
	}
	return ""
}

// refused finds out why a transaction was cancelled; of has the objects by the place of
// their items in it. Objects that were taken before are left out from then on.
func (a *addition) refused(ctx context.Context, t *types.TransactionCanceledException, of []Object) (overtaken bool, err error) {
	taken := map[string]bool{}
	a.known = false
	for i, why := range t.CancellationReasons {
		switch aws.ToString(why.Code) {
		case "ConditionalCheckFailed":
			if i < len(of) {
				taken[of[i].Key+"\x00"+of[i].Identity()] = true
			}
		case "None", "":
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
		default:
			return false, fmt.Errorf("add objects to the batch of %s: %s: %w", a.pipeline, aws.ToString(why.Message), t)
		}
	}
	if len(taken) > 0 {
		slog.InfoContext(ctx, "objects taken before: ignored", "pipeline", a.pipeline, "objects", len(taken))
		a.rest = slices.DeleteFunc(a.rest, func(x Arrival) bool { return taken[x.Key+"\x00"+x.Identity()] })
		return false, nil
	}
	return true, nil // the batch has changed
}
