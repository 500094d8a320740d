package simulation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/operation"
	"ephemr/internal/pipeline"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// The pipelines of a storm that wait for others: one has a run after each run of the
// schedule, the other after both values of each date of the backfills.
const (
	follower   = "follower"
	ofFollower = "pipeline: follower\ntriggers: [{after: {pipeline: cal, same: interval}, catchup: all}]\ncluster: {profile: small}\njobs: [{name: j0, type: bash, source: j0}]"
	joined     = "joined"
	ofJoined   = "pipeline: joined\ntriggers: [{after: {pipeline: backfilled}}]\ncluster: {profile: small}\njobs: [{name: j0, type: bash, source: j0}]"
)

// addFollowers adds them, and an operator who pauses one for a while.
func (s *story) addFollowers(d *dice) {
	for name, file := range map[string]string{follower: ofFollower, joined: ofJoined} {
		spec, err := pipeline.Parse(name, []byte(file))
		if err != nil {
			panic("generated pipeline is wrong: " + err.Error())
		}
		s.specs[name] = &spec
	}
	s.files = append(s.files, ofFollower, ofJoined)
	if d.chance(0.5) {
		return
	}
	s.at(d.between(0, over), func(w *World) { w.control(operation.Pause, operation.PauseRequest{Pipeline: follower}) })
	for at := d.between(0, over); at < 2*over; at += 20 * time.Minute {
		s.at(at, func(w *World) {
			w.control(operation.Resume, operation.ResumeRequest{Pipeline: follower, Catchup: pipeline.CatchupAll})
		})
	}
}

// follows checks that each success has the runs that wait for it, once, and that none has
// started without.
func (c *checker) follows(runs []run.Run) {
	dates, made := complete(runs), map[string]int{}
	for _, r := range runs {
		if r.Pipeline == follower || r.Pipeline == joined {
			made[r.Pipeline+" "+r.LogicalTime.UTC().Format(time.RFC3339)]++
		}
	}
	missing := []string{}
	for _, at := range slices.Sorted(maps.Keys(dates)) {
		switch {
		case made[at] == 0:
			missing = append(missing, at)
		case made[at] > 1:
			c.fail(Follows, "%s is %d runs", at, made[at])
		}
		delete(made, at)
	}
	if len(missing) > len(c.w.dead) {
		c.fail(Follows, "no run of %s although what it waits for has succeeded, and %d messages were given up", strings.Join(missing, ", "), len(c.w.dead))
	}
	for _, at := range slices.Sorted(maps.Keys(made)) {
		c.fail(Follows, "the run of %s has started before what it waits for", at)
	}
}

// complete are the runs for which all has succeeded that they wait for: pipeline and logical
// time.
func complete(runs []run.Run) map[string]bool {
	dates, values := map[string]bool{}, map[string]map[string]bool{}
	for _, r := range runs {
		switch {
		case r.State != run.Succeeded:
		case r.Pipeline == scheduled && r.Trigger.Kind == run.BySchedule:
			dates[follower+" "+r.LogicalTime.UTC().Format(time.RFC3339)] = true
		case r.Pipeline == backfilled:
			at := joined + " " + r.LogicalTime.UTC().Format("2006-01-02T00:00:00Z")
			if values[at] == nil {
				values[at] = map[string]bool{}
			}
			values[at][r.Matrix["c"]] = true
			if len(values[at]) == 2 {
				dates[at] = true
			}
		}
	}
	return dates
}

// AnnounceFirst records that the end of a run is announced together with the end, before it
// is: nothing is left to be repaired when FinishRun is killed.
func AnnounceFirst(c *Config) { c.Table = func(db store.DB) store.DB { return announcesFirst{db} } }

type announcesFirst struct{ store.DB }

func (f announcesFirst) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	ends := false
	for _, v := range in.ExpressionAttributeValues {
		ends = ends || text(v) == records.Unannounced
	}
	if !ends || !strings.HasPrefix(invocation(ctx), "finishrun-") {
		return f.DB.UpdateItem(ctx, in, o...)
	}
	changed := *in
	changed.UpdateExpression = aws.String(strings.Replace(*in.UpdateExpression, "SET ", "SET announced = :announced, ", 1))
	changed.ExpressionAttributeValues = maps.Clone(in.ExpressionAttributeValues)
	changed.ExpressionAttributeValues[":announced"] = &types.AttributeValueMemberBOOL{Value: true}
	return f.DB.UpdateItem(ctx, &changed, o...)
}

// ReadLate reads the successes of other runs as an index would show them that lags behind.
func ReadLate(c *Config) { c.Table = func(db store.DB) store.DB { return readsLate{db} } }

type readsLate struct{ store.DB }

func (f readsLate) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := f.DB.Query(ctx, in, o...)
	if err != nil || !strings.HasPrefix(text(in.ExpressionAttributeValues[":p"]), records.SuccessPartition("")) {
		return out, err
	}
	out.Items = slices.DeleteFunc(out.Items, func(it records.Item) bool {
		ended, err := time.Parse(time.RFC3339Nano, text(it["endedAt"]))
		return err == nil && time.Since(ended) < 2*time.Minute
	})
	return out, nil
}
