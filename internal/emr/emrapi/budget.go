package emrapi

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"ephemr/internal/fault"
	"ephemr/internal/stage"
)

// Budget is the tokens of all functions of a stage, kept in the Clusters table
// under BUDGET#<API> and BUDGET#account.
//
// Clocks: each function compares its own clock with the table. One that
// is ahead by d may take up to d x perSecond tokens too many, once; one that is
// behind gets tokens later than it might. Lambda's clocks differ by
// milliseconds.
type Budget struct {
	DB     TableAPI
	Table  string
	Limits stage.Buckets
}

func (b *Budget) bucket(name string) (bucket, bool) {
	limit, ok := b.Limits.Of(name)
	return bucket{db: b.DB, table: b.Table, name: name, limit: limit}, ok
}

// Take pays for one call of api, or fails at once with fault.Throttled.
//
// The API's bucket is asked first: it is the smaller one and runs out first, so
// most refusals leave the account's alone, which is the one that all calls
// write, and take nothing from it that another call could use. When it
// is the account that refuses, the API gets its token back.
func (b *Budget) Take(ctx context.Context, api string) error {
	own, ok := b.bucket(api)
	if !ok {
		return fault.New(fault.Internal, "there is no EMR call budget for %s", api)
	}
	account, _ := b.bucket(stage.AccountBucket)
	wait, err := own.take(ctx, 0)
	if err != nil {
		return err
	}
	if wait > 0 {
		return fault.New(fault.Throttled, "the EMR call budget for %s is used up; next token in %s", api, tenths(wait))
	}
	wait, err = account.take(ctx, reserve(api, account.limit))
	if err == nil && wait == 0 {
		return nil
	}
	if lost := own.give(ctx); lost != nil {
		slog.WarnContext(ctx, "cannot return token to bucket", "api", api, "error", lost.Error())
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Throttled, "the account's EMR call budget is used up for %s; next token in %s", api, tenths(wait))
}

// Drain empties the bucket of api after AWS itself has throttled a call: callers
// outside of ephemr use AWS's bucket too, and all functions must back off. EMR
// does not say which of its buckets ran out; the API's is the one that can.
func (b *Budget) Drain(ctx context.Context, api string) {
	own, ok := b.bucket(api)
	if !ok {
		return
	}
	slog.WarnContext(ctx, "EMR throttled although the call budget was not used up: draining bucket", "api", api)
	if err := own.drain(ctx); err != nil {
		slog.WarnContext(ctx, "cannot drain shared token bucket", "api", api, "error", err.Error())
	}
}

// reserve is how many of the account's tokens a call must leave: a fifth if it
// only looks, so that nothing that acts, least of all a termination, starves
// behind looks.
func reserve(api string, account stage.Bucket) int {
	if strings.HasPrefix(api, "Describe") || strings.HasPrefix(api, "List") || strings.HasPrefix(api, "Get") {
		return account.Burst / 5
	}
	return 0
}

// tenths rounds up: a retry at that time finds a token.
func tenths(d time.Duration) time.Duration {
	const tenth = 100 * time.Millisecond
	return (d + tenth - 1) / tenth * tenth
}
