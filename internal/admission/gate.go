package admission

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/records"
)

// Gate coalesces passes: however many are requested, one runs and one is pending. Both
// are leases in one item, so that an invocation that dies delays the others for some
// seconds only. A lease that expires too early does no harm: slots are taken in
// transactions.
type Gate struct {
	DB    records.UpdateAPI
	Table string // Clusters
}

const (
	// pendingLease is how long a requested pass may take to begin before it is requested
	// again: its invocation may have been lost.
	pendingLease = 10 * time.Second
	// runnerLease is how long a pass may take before another begins.
	runnerLease = 20 * time.Second
	// mostIDs bounds the gate's item.
	mostIDs = 100
)

// Attributes of the gate's item. Times are Unix milliseconds.
const (
	pendingUntil = "pendingUntil"
	runIDs       = "runIds" // of new runs, for the pending pass
	runner       = "runner" // invocation whose pass runs
	runnerUntil  = "runnerUntil"
)

// tries bounds how often a call follows a gate that changes at the same moment.
const tries = 3

// Request records that a pass is to run, and which runs are new. invoke is false when
// one is pending or running: another one runs after it, in the same invocation.
func (g *Gate) Request(ctx context.Context, ids []string, now time.Time) (invoke bool, _ error) {
	pending := set(set(expression.UpdateBuilder{}, pendingUntil, now.Add(pendingLease).UnixMilli()), runIDs, ids)
	more := expression.Set(expression.Name(runIDs), expression.ListAppend(expression.Name(runIDs), expression.Value(ids)))
	space := expression.Size(expression.Name(runIDs)).LessThan(expression.Value(mostIDs))
	for range tries {
		it, changed, err := g.update(ctx, pending, free(pendingUntil, now), types.ReturnValueAllNew)
		if err != nil || changed {
			return number(it, runnerUntil) < now.UnixMilli(), err
		}
		it, changed, err = g.update(ctx, more, expression.Not(free(pendingUntil, now)).And(space), types.ReturnValueNone)
		if err != nil || changed || number(it, pendingUntil) >= now.UnixMilli() {
			return false, err // without space: the index will have these runs by then
		}
	}
	return true, nil
}

// Enter reports whether by may run a pass, and which runs are new. If not, the pass
// that runs will be followed by another.
func (g *Gate) Enter(ctx context.Context, by string, now time.Time) (enter bool, ids []string, _ error) {
	for range tries {
		it, changed, err := g.update(ctx, begin(by, now), free(runnerUntil, now), types.ReturnValueAllOld)
		if err != nil || changed {
			return changed, texts(it, runIDs), err
		}
		again := set(expression.UpdateBuilder{}, pendingUntil, now.Add(pendingLease).UnixMilli())
		again = again.Set(expression.Name(runIDs), expression.IfNotExists(expression.Name(runIDs), expression.Value([]string{})))
		_, changed, err = g.update(ctx, again, expression.Not(free(runnerUntil, now)), types.ReturnValueNone)
		if err != nil || changed {
			return false, nil, err
		}
	}
	return true, nil, nil
}

// Leave ends the pass of by, unless another is pending: then by is to run it, with
// these new runs. With last, the next request or tick begins it instead.
func (g *Gate) Leave(ctx context.Context, by string, now time.Time, last bool) (again bool, ids []string, _ error) {
	mine := records.Is(runner, by)
	end := expression.Remove(expression.Name(runner)).Remove(expression.Name(runnerUntil))
	_, changed, err := g.update(ctx, end, mine.And(expression.Name(pendingUntil).AttributeNotExists()), types.ReturnValueNone)
	if err != nil || changed {
		return false, nil, err
	}
	if last {
		_, _, err = g.update(ctx, set(end, pendingUntil, 0), mine, types.ReturnValueNone)
		return false, nil, err
	}
	it, changed, err := g.update(ctx, begin(by, now), mine, types.ReturnValueAllOld)
	return changed, texts(it, runIDs), err // not mine: the lease has expired, and another pass runs
}

func (g *Gate) update(
	ctx context.Context, u expression.UpdateBuilder, cond expression.ConditionBuilder, want types.ReturnValue,
) (records.Item, bool, error) {
	in, err := records.UpdateInput(g.Table, records.PassKey(), u, cond)
	if err != nil {
		return nil, false, err
	}
	in.ReturnValues = want
	it, changed, err := records.Apply(ctx, g.DB, in)
	if err != nil {
		return nil, false, fmt.Errorf("update pending pass: %w", err)
	}
	return it, changed, nil
}

// begin makes by the runner of what is pending.
func begin(by string, now time.Time) expression.UpdateBuilder {
	u := set(set(expression.UpdateBuilder{}, runner, by), runnerUntil, now.Add(runnerLease).UnixMilli())
	return u.Remove(expression.Name(pendingUntil)).Remove(expression.Name(runIDs))
}

func set(u expression.UpdateBuilder, name string, value any) expression.UpdateBuilder {
	return u.Set(expression.Name(name), expression.Value(value))
}

// free holds when there is no lease, or it has expired.
func free(until string, now time.Time) expression.ConditionBuilder {
	return expression.Name(until).AttributeNotExists().Or(expression.Name(until).LessThan(expression.Value(now.UnixMilli())))
}

// number is a number of an item, or 0.
func number(it records.Item, name string) int64 {
	n, _ := it[name].(*types.AttributeValueMemberN)
	if n == nil {
		return 0
	}
	i, _ := strconv.ParseInt(n.Value, 10, 64) // written by Request or begin
	return i
}

// texts is a list of strings of an item.
func texts(it records.Item, name string) (all []string) {
	if l, ok := it[name].(*types.AttributeValueMemberL); ok {
		for _, v := range l.Value {
			all = append(all, records.Text(v))
		}
	}
	return all
}
