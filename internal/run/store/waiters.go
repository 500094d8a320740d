package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Wait registers the token that a run waits with, in place of the one before, which
// is no longer valid. An invocation that began before the registered one has an
// invalid token itself: its late write must not replace the valid token.
func (s *Runs) Wait(ctx context.Context, w run.Waiter) error {
	key := records.WaiterKey(w.RunID)
	it, err := encode(w, key)
	if err != nil {
		return err
	}
	it[records.StateName], it[records.StateOrderName] = records.String(records.Waiting), records.String(records.TimeOrder(w.Deadline, w.RunID))
	began := w.Since.UnixMicro()
	it["began"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(began, 10)}
	first := expression.Name("began").AttributeNotExists()
	ok, err := s.putItem(ctx, it, key, first.Or(expression.Name("began").LessThanEqual(expression.Value(began))))
	if err == nil && !ok {
		err = fault.New(fault.Throttled, "run %s already waits with a newer token", w.RunID)
	}
	return err
}

// WaitFor replaces the attempts that w waits for and, unless it is zero, when to look, unless
// a newer token has replaced it.
func (s *Runs) WaitFor(ctx context.Context, w run.Waiter, attempts []string, checkAt time.Time) error {
	u := set(expression.UpdateBuilder{}, "attempts", attempts)
	if !checkAt.IsZero() {
		u = set(u, "checkAt", checkAt)
	}
	_, err := s.update(ctx, records.WaiterKey(w.RunID), u, records.Is("token", w.Token))
	return err
}

// Woken removes a waiter after its token was answered, unless a newer token has
// replaced it.
func (s *Runs) Woken(ctx context.Context, w run.Waiter) error {
	_, err := records.Delete(ctx, s.DB, s.Table, records.WaiterKey(w.RunID), records.Is("token", w.Token))
	if err != nil {
		return fmt.Errorf("remove waiter of run %s: %w", w.RunID, err)
	}
	return nil
}

// lookLease is how long a look may take before another event begins one: its
// invocation may have died.
const lookLease = 20 * time.Second

// Attributes of a waiter that say who looks at its run because of events. They go with
// the waiter. Times are Unix milliseconds.
const (
	looker    = "looker"
	lookUntil = "lookUntil"
	lookAgain = "lookAgain" // an event came during the look
)

// tries bounds how often a call follows a waiter that changes at the same moment.
const tries = 3

// BeginLook reports whether by is to look at a run that waits with one of kinds, or
// with any if there are none. If another looks, that one will look again.
func (s *Runs) BeginLook(ctx context.Context, id, by string, kinds []string) (bool, error) {
	key, kind := records.WaiterKey(id), records.Present()
	if len(kinds) > 0 {
		kind = oneOf("kind", kinds)
	}
	for range tries {
		now := time.Now()
		free := expression.Name(lookUntil).AttributeNotExists().Or(expression.Name(lookUntil).LessThan(expression.Value(now.UnixMilli())))
		begin := set(set(expression.UpdateBuilder{}, looker, by), lookUntil, now.Add(lookLease).UnixMilli()).Remove(expression.Name(lookAgain))
		in, err := records.UpdateInput(s.Table, key, begin, kind.And(free))
		if err != nil {
			return false, err
		}
		it, mine, err := records.Apply(ctx, s.DB, in)
		if err != nil {
			return false, fmt.Errorf("look at run %s: %w", id, err)
		}
		if mine || it == nil || len(kinds) > 0 && !slices.Contains(kinds, records.Text(it["kind"])) {
			return mine, nil // or it does not wait for that
		}
		other := records.Text(it[looker])
		if left, err := s.update(ctx, key, set(expression.UpdateBuilder{}, lookAgain, true), records.Is(looker, other)); err != nil || left {
			return false, err
		}
	}
	return true, nil
}

// oneOf holds when an attribute has one of the values.
func oneOf(name string, values []string) expression.ConditionBuilder {
	var all []expression.OperandBuilder
	for _, v := range values {
		all = append(all, expression.Value(v))
	}
	return expression.Name(name).In(all[0], all[1:]...)
}

// EndLook ends the look of by, unless an event came since it began: then by is to look
// again. With last, the next event or tick does.
func (s *Runs) EndLook(ctx context.Context, id, by string, last bool) (again bool, _ error) {
	key, mine := records.WaiterKey(id), records.Is(looker, by)
	end := expression.Remove(expression.Name(looker)).Remove(expression.Name(lookUntil))
	if last {
		_, err := s.update(ctx, key, end.Remove(expression.Name(lookAgain)), mine)
		return false, err
	}
	ended, err := s.update(ctx, key, end, mine.And(expression.Name(lookAgain).AttributeNotExists()))
	if err != nil || ended {
		return false, err
	}
	more := set(expression.UpdateBuilder{}, lookUntil, time.Now().Add(lookLease).UnixMilli()).Remove(expression.Name(lookAgain))
	again, err = s.update(ctx, key, more, mine)
	return again, err // not mine: the waiter was answered, or the lease has expired
}

// Hinted records that an event came while a run waited for nothing. What it said is not
// recorded.
func (s *Runs) Hinted(ctx context.Context, r run.Run) error {
	_, err := s.update(ctx, records.RunKey(r.ID), set(expression.UpdateBuilder{}, "hintedAt", time.Now()), records.Is("state", run.Running))
	return err
}

// Unhint records that the run was looked at since the event that r knows of.
func (s *Runs) Unhint(ctx context.Context, r run.Run) error {
	_, err := s.update(ctx, records.RunKey(r.ID), expression.Remove(expression.Name("hintedAt")), records.Is("hintedAt", r.HintedAt))
	return err
}

// Waiters visits every waiter, the nearest deadline first.
func (s *Runs) Waiters(ctx context.Context, visit func(run.Waiter) error) error {
	return s.byState(ctx, records.Waiting, func(it item) error {
		var w run.Waiter
		if err := decode(it, &w); err != nil {
			s.skips.Skip(ctx, it, err)
			return nil
		}
		return visit(w)
	})
}
