package simulation

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/proof/awsfake"
)

// Weather says how likely each fault is: those of calls for each AWS call that a
// function makes, those of events for each event of EMR.
type Weather struct {
	CrashBefore float64 // the process dies before the call
	CrashAfter  float64 // it dies when the call has had its effect
	Lost        float64 // the call has its effect, the answer never comes
	Twice       float64 // likewise, and the SDK calls again
	Throttled   float64 // refused for its number
	Failed      float64 // AWS has a problem of its own
	Slow        float64 // takes up to half a minute, longer than the function may live

	EventLost, EventTwice, EventLate float64
}

// fate is what happens to one call.
type fate string

const (
	passes      fate = "passes"
	crashBefore fate = "crash before"
	crashAfter  fate = "crash after"
	answerLost  fate = "answer lost"
	madeTwice   fate = "made twice"
	throttled   fate = "throttled"
	failed      fate = "failed"
	slow        fate = "slow"
	outlived    fate = "outlived its function"
)

// fates are what weather has for one call of op.
func (w Weather) fate(d *dice, op string) fate {
	x := d.float()
	for _, f := range []struct {
		p float64
		fate
	}{
		{w.CrashBefore, crashBefore},
		{w.CrashAfter, crashAfter},
		{w.Lost, answerLost},
		{w.Twice, madeTwice},
		{w.Throttled, throttled},
		{w.Failed, failed},
		{w.Slow, slow},
	} {
		if x -= f.p; x < 0 && possible(f.fate, op) {
			return f.fate
		}
		if x < 0 {
			return passes
		}
	}
	return passes
}

// possible leaves out what the SDK never does: it retries neither calls that
// must not be made twice nor a transaction without its token. A late write to
// the call budget would blur what is measured there.
func possible(f fate, op string) bool {
	switch op {
	case "EMR:RunJobFlow", "EMR:AddJobFlowSteps", "EMR:AddInstanceFleet", "DynamoDB:TransactWriteItems":
		return f != madeTwice
	case "DynamoDB:UpdateItem":
		return f != slow
	}
	return true
}

// chaos makes each call of a function take its time and meet its fate.
type chaos struct {
	seed    uint64
	weather Weather
	spared  string            // a function that nothing happens to
	called  func(op string)   // a call goes out
	done    func(op string)   // it has had its effect
	late    func(rest func()) // does what outlives a function
	log     io.Writer         // of all calls; nil = none

	mu      sync.Mutex
	calm    bool
	calls   map[string]int // by invocation
	fates   map[fate]int
	history uint64
}

var errReset = errors.New("read: connection reset by peer")

// around is the hook of every fake. Calls from outside of a function, such as a
// test's own, are left alone.
func (c *chaos) around(ctx context.Context, op string, effect func() error) error {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return effect()
	}
	d, f := c.next(lc.AwsRequestID, op)
	if f != crashBefore {
		c.called(op)
	}
	rest := d.between(time.Millisecond, 60*time.Millisecond)
	if f == slow {
		rest += d.between(0, 30*time.Second)
	}
	if !sleepUntil(ctx, rest) {
		// The time is over while the call is on the way: the function's, or what
		// it has left for this.
		c.note(lc.AwsRequestID, op, outlived)
		c.late(func() {
			time.Sleep(d.between(0, 20*time.Second))
			if effect() == nil {
				c.done(op)
			}
		})
		if lives(ctx) {
			return ctx.Err()
		}
		die()
	}
	c.note(lc.AwsRequestID, op, f)
	return c.meet(d, f, op, effect)
}

func (c *chaos) meet(d *dice, f fate, op string, effect func() error) error {
	switch f {
	case crashBefore:
		die()
	case throttled:
		return refusal(d, op)
	case failed:
		return &smithy.GenericAPIError{Code: "InternalServerError", Message: "try again"}
	case passes, crashAfter, answerLost, madeTwice, slow, outlived:
	}
	err := effect()
	if err == nil { // what is refused creates nothing
		c.done(op)
	}
	switch f { //nolint:exhaustive // the others have an answer
	case crashAfter:
		die()
	case answerLost:
		return errReset
	case madeTwice:
		return effect()
	}
	return err
}

// refusal is how a service says that calls come too fast.
func refusal(d *dice, op string) error {
	switch {
	case op == "DynamoDB:TransactWriteItems" && d.chance(0.7):
		return awsfake.TransactionConflict()
	case strings.HasPrefix(op, "DynamoDB:"):
		return &types.ProvisionedThroughputExceededException{Message: aws.String("too fast")}
	}
	return awsfake.Throttled()
}

// sleepUntil sleeps, and returns false when ctx has ended before.
func sleepUntil(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// next is the fate of an invocation's next call.
func (c *chaos) next(invocation, op string) (*dice, fate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[invocation]++
	d := roll(c.seed, invocation, c.calls[invocation])
	if c.calm || c.spared != "" && strings.HasPrefix(invocation, c.spared+"-") {
		return d, passes
	}
	return d, c.weather.fate(d, op)
}

// note adds a call to the history. A sum, because what happens at the same
// instant happens in any order.
func (c *chaos) note(invocation, op string, f fate) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(invocation + " " + op + " " + string(f) + " " + time.Now().String()))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history += h.Sum64()
	if c.log != nil {
		_, _ = fmt.Fprintln(c.log, time.Now().Format("15:04:05.000000000"), invocation, op, f)
	}
	c.fates[f]++
}

// clear ends all faults.
func (c *chaos) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calm = true
}

// delays says how late each copy of an event comes.
func (w Weather) delays(d *dice) []time.Duration {
	if d.chance(w.EventLost) {
		return nil
	}
	n := 1
	if d.chance(w.EventTwice) {
		n = 2
	}
	var all []time.Duration
	for range n {
		late := d.between(time.Millisecond, 2*time.Second)
		if d.chance(w.EventLate) {
			late += d.between(0, 3*time.Minute)
		}
		all = append(all, late)
	}
	return all
}
