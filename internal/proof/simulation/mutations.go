package simulation

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/emr"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/emr/pool"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// What follows are mistakes that could be made in the functions, made in
// what they see of AWS: storms must find each of them.

// BlindCreate creates clusters without having looked for one of that name.
func BlindCreate(c *Config) {
	c.EMR = func(function string, api emrapi.API) emrapi.API {
		if function == "createcluster" {
			return blindToClusters{api}
		}
		return api
	}
}

type blindToClusters struct{ emrapi.API }

func (blindToClusters) ListClusters(context.Context, *emr.ListClustersInput, ...func(*emr.Options)) (*emr.ListClustersOutput, error) {
	return &emr.ListClustersOutput{}, nil
}

// BlindSubmit submits steps without having looked whether the cluster has them.
func BlindSubmit(c *Config) {
	c.EMR = func(function string, api emrapi.API) emrapi.API {
		if function == "submitsteps" {
			return blindToSteps{api}
		}
		return api
	}
}

type blindToSteps struct{ emrapi.API }

func (b blindToSteps) ListSteps(ctx context.Context, in *emr.ListStepsInput, o ...func(*emr.Options)) (*emr.ListStepsOutput, error) {
	if len(in.StepIds) > 0 {
		return b.API.ListSteps(ctx, in, o...)
	}
	return &emr.ListStepsOutput{}, nil
}

// Unconditional writes records whatever they hold by now, but for leases, of
// which LeaseBlindly says.
func Unconditional(c *Config) { c.Table = withoutConditions("") }

// Spendthrift calls EMR whatever is left of the call budget.
func Spendthrift(c *Config) { c.Table = withoutConditions("BUDGET#") }

// Overbook admits runs whether there is room or not.
func Overbook(c *Config) { c.Table = func(db store.DB) store.DB { return overbooked{db} } }

// withoutConditions takes the conditions from writes to keys with a prefix.
func withoutConditions(prefix string) func(store.DB) store.DB {
	return func(db store.DB) store.DB { return unconditional{db, prefix} }
}

type unconditional struct {
	store.DB

	prefix string
}

// always keeps a condition's names and values in use, and always holds.
func always(condition *string) *string {
	if condition == nil {
		return nil
	}
	return aws.String("(" + *condition + ") OR attribute_exists(pk) OR attribute_not_exists(pk)")
}

func (u unconditional) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	changed := *in
	if strings.HasPrefix(text(in.Item["pk"]), u.prefix) {
		changed.ConditionExpression = always(in.ConditionExpression)
	}
	return u.DB.PutItem(ctx, &changed, o...)
}

func (u unconditional) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	changed := *in
	if strings.HasPrefix(text(in.Key["pk"]), u.prefix) && !ofLease(in) {
		changed.ConditionExpression = always(in.ConditionExpression)
	}
	return u.DB.UpdateItem(ctx, &changed, o...)
}

type overbooked struct{ store.DB }

func (b overbooked) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	changed := *in
	changed.TransactItems = slices.Clone(in.TransactItems)
	for i, x := range changed.TransactItems {
		if x.Update != nil && strings.HasPrefix(text(x.Update.Key["pk"]), "SLOTS#") {
			update := *x.Update
			update.ConditionExpression = always(update.ConditionExpression)
			changed.TransactItems[i].Update = &update
		}
	}
	return b.DB.TransactWriteItems(ctx, &changed, o...)
}

// SkipQueues admits from the first queue of a team only, until that is empty.
func SkipQueues(c *Config) { c.Table = func(db store.DB) store.DB { return skipsQueues{db} } }

type skipsQueues struct{ store.DB }

func (s skipsQueues) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := s.DB.Query(ctx, in, o...)
	if err != nil || len(out.Items) == 0 || !strings.HasPrefix(text(in.ExpressionAttributeValues[":state"]), "QUEUED#") {
		return out, err
	}
	first := text(out.Items[0]["pipeline"])
	out.Items = slices.DeleteFunc(out.Items, func(it map[string]types.AttributeValue) bool { return text(it["pipeline"]) != first })
	out.LastEvaluatedKey = nil
	return out, nil
}

// LeaseBlindly leases clusters of pools whatever room they have by now.
func LeaseBlindly(c *Config) { c.Table = func(db store.DB) store.DB { return blindLeases{db} } }

type blindLeases struct{ store.DB }

func (b blindLeases) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	changed := *in
	if ofLease(in) && !givesBack.MatchString(aws.ToString(in.UpdateExpression)) {
		now, err := b.GetItem(ctx, &dynamodb.GetItemInput{TableName: in.TableName, Key: in.Key})
		if err != nil {
			return nil, err
		}
		if text(now.Item["state"]) == string(pool.Ready) {
			changed.ConditionExpression = always(in.ConditionExpression)
		}
	}
	return b.DB.UpdateItem(ctx, &changed, o...)
}

// ForgetLeases never gives back what a run has leased.
func ForgetLeases(c *Config) { c.Table = func(db store.DB) store.DB { return forgetful{db} } }

type forgetful struct{ store.DB }

func (f forgetful) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if !ofLease(in) || !givesBack.MatchString(aws.ToString(in.UpdateExpression)) {
		return f.DB.UpdateItem(ctx, in, o...)
	}
	out, err := f.GetItem(ctx, &dynamodb.GetItemInput{TableName: in.TableName, Key: in.Key})
	if err != nil {
		return nil, err
	}
	return &dynamodb.UpdateItemOutput{Attributes: out.Item}, nil
}

// givesBack matches the update that removes an entry from a map.
var givesBack = regexp.MustCompile(`REMOVE #\d+\.#\d+`)

// ofLease says whether an update is about a lease.
func ofLease(in *dynamodb.UpdateItemInput) bool {
	return slices.Contains(slices.Collect(maps.Values(in.ExpressionAttributeNames)), "leases")
}

// KeepUnits never takes back the task units that a run's jobs have wanted when
// the cluster goes on to others.
func KeepUnits(c *Config) {
	c.EMR = func(function string, api emrapi.API) emrapi.API {
		if function == "terminatecluster" || function == "sweep" {
			return keepsUnits{api}
		}
		return api
	}
}

type keepsUnits struct{ emrapi.API }

func (keepsUnits) ModifyInstanceFleet(context.Context, *emr.ModifyInstanceFleetInput, ...func(*emr.Options)) (*emr.ModifyInstanceFleetOutput, error) {
	return &emr.ModifyInstanceFleetOutput{}, nil
}

// IgnoreDeadlines submits steps whenever the last have ended, also when their run
// should have ended long ago. Steps take so long that two of them exceed the
// shortest deadline, which without a tick only the next step can notice.
func IgnoreDeadlines(c *Config) {
	steps := c.Steps
	c.Steps = func(a Attempt) Step {
		s := steps(a)
		s.Takes = 25 * time.Minute
		return s
	}
	c.Table = func(db store.DB) store.DB { return timeless{db} }
}

type timeless struct{ store.DB }

func (x timeless) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := x.DB.Query(ctx, in, o...)
	if err != nil || !strings.HasPrefix(invocation(ctx), "submitsteps-") {
		return out, err
	}
	for i, it := range out.Items {
		if end, err := time.Parse(time.RFC3339Nano, text(it["deadline"])); err == nil && text(it["sk"]) == "RUN" {
			out.Items[i] = maps.Clone(it)
			out.Items[i]["deadline"] = &types.AttributeValueMemberS{Value: end.Add(24 * time.Hour).Format(time.RFC3339Nano)}
		}
	}
	return out, nil
}

// IgnoreCancel goes on with the jobs of a run that is to be cancelled.
func IgnoreCancel(c *Config) {
	c.Table = func(db store.DB) store.DB { return persistent{db} }
}

type persistent struct{ store.DB }

func (x persistent) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := x.DB.Query(ctx, in, o...)
	if err == nil {
		for i, it := range out.Items {
			out.Items[i] = maps.Clone(it)
			delete(out.Items[i], "cancel")
		}
	}
	return out, err
}

// RepeatAtOnce starts every next attempt as soon as the last has ended.
func RepeatAtOnce(c *Config) { c.Table = func(db store.DB) store.DB { return impatient{db} } }

type impatient struct{ store.DB }

func (x impatient) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := x.DB.Query(ctx, in, o...)
	if err == nil {
		for i, it := range out.Items {
			out.Items[i] = maps.Clone(it)
			delete(out.Items[i], "dueAt")
		}
	}
	return out, err
}

// IgnoreWhen runs all jobs when what they need has succeeded, as if none said anything
// else.
func IgnoreWhen(c *Config) { c.Table = forgetting("when") }

// IgnoreIf runs jobs whatever their condition says.
func IgnoreIf(c *Config) { c.Table = forgetting("if") }

// IgnoreApprove does not wait for a person.
func IgnoreApprove(c *Config) {
	c.Table = func(db store.DB) store.DB {
		return forgetfulOfJobs{db, regexp.MustCompile(`,"approve":\{[^{}]*(\{\{[^{}]*\}\})?[^{}]*\}`)}
	}
}

// forgetting removes a key of jobs from the pipelines of runs.
func forgetting(key string) func(store.DB) store.DB {
	written := regexp.MustCompile(`,"` + key + `":"([^"\\]|\\.)*"`)
	return func(db store.DB) store.DB { return forgetfulOfJobs{db, written} }
}

type forgetfulOfJobs struct {
	store.DB

	written *regexp.Regexp
}

func (x forgetfulOfJobs) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := x.DB.Query(ctx, in, o...)
	if err != nil || strings.HasPrefix(invocation(ctx), "register-") {
		return out, err
	}
	for i, it := range out.Items {
		if text(it["sk"]) == "SPEC" {
			out.Items[i] = maps.Clone(it)
			out.Items[i]["spec"] = &types.AttributeValueMemberS{Value: x.written.ReplaceAllString(text(it["spec"]), "")}
		}
	}
	return out, nil
}

// RefuseOwnWrites does not look whose write it is that has made a condition false.
func RefuseOwnWrites(c *Config) {
	c.Table = func(db store.DB) store.DB { return forgetsWrites{db} }
}

type forgetsWrites struct{ store.DB }

func (f forgetsWrites) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	changed := *in
	changed.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureNone
	return f.DB.PutItem(ctx, &changed, o...)
}

func (f forgetsWrites) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	changed := *in
	if strings.HasPrefix(text(in.Key["sk"]), "JOB#") {
		changed.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureNone
	}
	return f.DB.UpdateItem(ctx, &changed, o...)
}

// LeaveProtected does not switch off the termination protection of clusters that
// are to end.
func LeaveProtected(c *Config) {
	c.EMR = func(_ string, api emrapi.API) emrapi.API { return leavesProtected{api} }
}

type leavesProtected struct{ emrapi.API }

func (leavesProtected) SetTerminationProtection(
	context.Context, *emr.SetTerminationProtectionInput, ...func(*emr.Options),
) (*emr.SetTerminationProtectionOutput, error) {
	return &emr.SetTerminationProtectionOutput{}, nil
}

// WaitForCapacity waits for instances although there is a fallback: it neither
// hears that EC2 has none nor has a deadline of its own for them.
func WaitForCapacity(c *Config) {
	settings, delays := c.Settings, c.EventDelays
	c.Settings = func(s *stage.Settings) {
		settings(s)
		s.Limits.ClusterProvision = pipeline.Duration(24 * time.Hour)
	}
	c.EventDelays = func(detailType string) []time.Duration {
		if detailType == awsfake.FleetProvisioning {
			return nil
		}
		return delays(detailType)
	}
}

// LookFirst checks whether something has happened and registers the waiter
// afterwards: what happens in between is missed. Until it is registered only
// its own function sees the waiter.
func LookFirst(c *Config) {
	c.Table = func(db store.DB) store.DB { return &lookFirst{DB: db, early: map[string]*dynamodb.PutItemInput{}} }
}

type lookFirst struct {
	store.DB

	mu    sync.Mutex
	early map[string]*dynamodb.PutItemInput // by invocation
}

// between is how long a check and the registration after it take.
const between = 2 * time.Second

func (l *lookFirst) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if text(in.Item["sk"]) != "WAIT" {
		return l.DB.PutItem(ctx, in, o...)
	}
	who := invocation(ctx)
	l.set(who, in)
	go func() { //nolint:gosec,contextcheck // it outlives the request: that is the mistake
		time.Sleep(between)
		if put := l.take(who); put != nil {
			_, _ = l.DB.PutItem(context.Background(), put, o...)
		}
	}()
	return &dynamodb.PutItemOutput{}, nil
}

func (l *lookFirst) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	out, err := l.DB.Query(ctx, in, o...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if put := l.early[invocation(ctx)]; err == nil && put != nil && aws.ToBool(in.ConsistentRead) {
		out.Items = append(out.Items, put.Item)
	}
	return out, err
}

// DeleteItem drops the waiter that was answered before it was registered.
func (l *lookFirst) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if text(in.Key["sk"]) == "WAIT" {
		l.take(invocation(ctx))
	}
	return l.DB.DeleteItem(ctx, in, o...)
}

func (l *lookFirst) set(who string, put *dynamodb.PutItemInput) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.early[who] = put
}

func (l *lookFirst) take(who string) *dynamodb.PutItemInput {
	l.mu.Lock()
	defer l.mu.Unlock()
	put := l.early[who]
	delete(l.early, who)
	return put
}

func invocation(ctx context.Context) string {
	lc, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return ""
	}
	return lc.AwsRequestID
}
