package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
)

// DB is the part of DynamoDB that the records need.
type DB interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
}

// Store reads and writes the Runs table.
type Store struct {
	DB    DB
	Table string

	teams sync.Map // those that are known to be enlisted
}

// Names in the Runs table. Everything of a run shares its partition.
const (
	pk, sk      = "pk", "sk"
	runKey      = "RUN"
	specKey     = "SPEC"
	waitKey     = "WAIT"
	jobPrefix   = "JOB#"
	tryPrefix   = "CLUSTER#"
	gsState     = "gsState" // index byState: run state, UNTOLD until its outcome is told, or WAITING for waiters
	gsOrder     = "gsOrder" // what comes first sorts first
	gpPipeline  = "gpPipeline"
	gpOrder     = "gpOrder" // logical time # run id
	waiting     = "WAITING"
	untold      = "UNTOLD"
	keepHistory = 400 * 24 * time.Hour
)

// Indexes of the Runs table.
const (
	ByState    = "byState"
	ByPipeline = "byPipeline"
)

type item = map[string]types.AttributeValue

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func key(id, sort string) item { return item{pk: str(id), sk: str(sort)} }

// encode marshals a record and adds its keys.
func encode(record any, id, sort string) (item, error) {
	it, err := attributevalue.MarshalMap(record)
	if err != nil {
		return nil, fmt.Errorf("encode %s of run %s: %w", sort, id, err)
	}
	it[pk], it[sk] = str(id), str(sort)
	it["ttl"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Add(keepHistory).Unix(), 10)}
	return it, nil
}

// Create writes a run with its pipeline, once. It returns false when the run
// is there already: the same event came twice. Ids are short for people; of two
// runs that would share one, the later gets a longer id.
func (s *Store) Create(ctx context.Context, r Run, spec *pipeline.Spec) (id string, created bool, err error) {
	if r.State == Queued {
		if err := s.enlist(ctx, r.Team); err != nil {
			return r.ID, false, err
		}
	}
	err = s.create(ctx, r, spec)
	if other := occupant(err, runItem); other != nil && r.Identity != "" && text(other["identity"]) != "" && text(other["identity"]) != r.Identity {
		r.ID += r.Identity[len(shortHash(r.Identity)):32]
		err = s.create(ctx, r, spec)
	}
	switch {
	case refused(err):
		return r.before(err)
	case err != nil:
		return r.ID, false, fmt.Errorf("write run %s: %w", r.ID, err)
	}
	return r.ID, true, nil
}

// UsedError says that a request id was used before, for something else.
type UsedError struct{ RequestID, RunID string }

func (e *UsedError) Error() string {
	return fmt.Sprintf("request id %s was used before, for something else, and made run %s; send a new id with each request", e.RequestID, e.RunID)
}

// before returns the run that r was before, as err says that there is one.
func (r Run) before(err error) (id string, created bool, _ error) {
	for _, i := range []int{runItem, requestItem} {
		it := occupant(err, i)
		if it == nil {
			continue
		}
		id := cmp.Or(text(it["runId"]), r.ID)
		if wish := text(it["wish"]); wish != "" && r.Wish != "" && wish != r.Wish {
			return id, false, &UsedError{r.Trigger.RequestID, id}
		}
		return id, false, nil
	}
	return r.ID, false, nil
}

// Places of items in the transaction that creates a run; the request's is the last.
const (
	runItem     = 0
	requestItem = -1
)

// occupant returns the item that stands where one of the transaction was to be
// written, or nil if err does not say so.
func occupant(err error, place int) item {
	t, ok := errors.AsType[*types.TransactionCanceledException](err)
	if !ok || len(t.CancellationReasons) == 0 {
		return nil
	}
	if place == requestItem {
		place = len(t.CancellationReasons) - 1
	}
	if why := t.CancellationReasons[place]; aws.ToString(why.Code) == "ConditionalCheckFailed" {
		return why.Item
	}
	return nil
}

func (s *Store) create(ctx context.Context, r Run, spec *pipeline.Spec) error {
	it, err := encode(r, r.ID, runKey)
	if err != nil {
		return err
	}
	it[gsState], it[gsOrder] = str(r.partition()), str(order(r))
	it[gpPipeline], it[gpOrder] = str(r.Pipeline), str(stamp(r.LogicalTime)+"#"+r.ID)

	puts := []types.TransactWriteItem{{Put: &types.Put{
		TableName: &s.Table, Item: it, ConditionExpression: aws.String("attribute_not_exists(pk)"),
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}}
	if spec != nil {
		data, err := json.Marshal(spec)
		if err != nil {
			return fmt.Errorf("encode pipeline of run %s: %w", r.ID, err)
		}
		specItem := key(r.ID, specKey)
		specItem["spec"], specItem["ttl"] = str(string(data)), it["ttl"]
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{TableName: &s.Table, Item: specItem}})
	}
	if r.State == Queued && r.Trigger.RequestID != "" {
		// The id holds the logical time, which a sender that tries again later may
		// give differently: the request id itself can be used only once.
		used, err := encode(map[string]string{"runId": r.ID, "wish": r.Wish}, requestKey(r.Trigger), "REQUEST")
		if err != nil {
			return err
		}
		puts = append(puts, types.TransactWriteItem{Put: &types.Put{
			TableName: &s.Table, Item: used, ConditionExpression: aws.String("attribute_not_exists(pk)"),
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}})
	}
	_, err = s.DB.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: puts})
	return err
}

// requestKey is where the use of a request id is kept: nobody can use up the ids
// of others. The session of a role is not who it is.
func requestKey(t Trigger) string {
	who, _, _ := strings.Cut(t.Sender, ":")
	return "REQUEST#" + who + "#" + t.RequestID
}

// order sorts queued runs: high priority first, then the oldest.
func order(r Run) string { return fmt.Sprintf("%d#%s#%s", 9-r.Priority, stamp(r.RequestedAt), r.ID) }

// stamp is a time that sorts as text.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }

// refused says whether err is DynamoDB's way to say that a condition did not
// hold, in a single write or in a transaction.
func refused(err error) bool {
	if _, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return true
	}
	if t, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		for _, r := range t.CancellationReasons {
			if aws.ToString(r.Code) == "ConditionalCheckFailed" {
				return true
			}
		}
	}
	return false
}

// Record is everything that is known of one run.
type Record struct {
	Run      Run            `json:"run"`
	Spec     *pipeline.Spec `json:"spec,omitempty"`
	Jobs     []Job          `json:"jobs"`     // in the pipeline's order
	Clusters []Cluster      `json:"clusters"` // by attempt
	Waiter   *Waiter        `json:"waiter,omitempty"`
}

// Load reads a run with all that belongs to it, consistently.
func (s *Store) Load(ctx context.Context, id string) (*Record, error) {
	rec := &Record{}
	var found bool
	in := &dynamodb.QueryInput{
		TableName: &s.Table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :id"),
		ExpressionAttributeValues: item{":id": str(id)},
	}
	for p := dynamodb.NewQueryPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read run %s: %w", id, err)
		}
		for _, it := range page.Items {
			if err := rec.add(it); err != nil {
				return nil, fmt.Errorf("read run %s: %w", id, err)
			}
			found = found || text(it[sk]) == runKey
		}
	}
	if !found {
		return nil, fault.New(fault.InvalidInput, "%w", &UnknownError{ID: id})
	}
	rec.sort()
	return rec, nil
}

// UnknownError says that there is no run with this id.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string {
	return "run " + e.ID + " is not known; ephemr runs lists those that are"
}

// IsUnknown says whether err is, or wraps, an UnknownError.
func IsUnknown(err error) bool {
	_, ok := errors.AsType[*UnknownError](err)
	return ok
}

func text(v types.AttributeValue) string {
	if s, ok := v.(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

func (rec *Record) add(it item) error {
	switch sort := text(it[sk]); {
	case sort == runKey:
		return attributevalue.UnmarshalMap(it, &rec.Run)
	case sort == specKey:
		rec.Spec = &pipeline.Spec{}
		return json.Unmarshal([]byte(text(it["spec"])), rec.Spec)
	case sort == waitKey:
		rec.Waiter = &Waiter{}
		return attributevalue.UnmarshalMap(it, rec.Waiter)
	case strings.HasPrefix(sort, jobPrefix):
		var j Job
		err := attributevalue.UnmarshalMap(it, &j)
		rec.Jobs = append(rec.Jobs, j)
		return err
	case strings.HasPrefix(sort, tryPrefix):
		var c Cluster
		err := attributevalue.UnmarshalMap(it, &c)
		rec.Clusters = append(rec.Clusters, c)
		return err
	}
	return nil
}

// update changes one item if cond holds; false says that it did not.
func (s *Store) update(ctx context.Context, id, sort string, u expression.UpdateBuilder, cond expression.ConditionBuilder) (bool, error) {
	e, err := expression.NewBuilder().WithUpdate(u).WithCondition(cond).Build()
	if err != nil {
		return false, fmt.Errorf("build update of %s %s: %w", id, sort, err)
	}
	_, err = s.DB.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &s.Table, Key: key(id, sort),
		UpdateExpression: e.Update(), ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	switch {
	case refused(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("update %s of run %s: %w", sort, id, err)
	}
	return true, nil
}

// put writes one item if cond holds; false says that it did not.
func (s *Store) put(ctx context.Context, it item, cond expression.ConditionBuilder) (bool, error) {
	e, err := expression.NewBuilder().WithCondition(cond).Build()
	if err != nil {
		return false, fmt.Errorf("build condition for %s: %w", text(it[sk]), err)
	}
	_, err = s.DB.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.Table, Item: it, ConditionExpression: e.Condition(),
		ExpressionAttributeNames: e.Names(), ExpressionAttributeValues: e.Values(),
	})
	switch {
	case refused(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("write %s of run %s: %w", text(it[sk]), text(it[pk]), err)
	}
	return true, nil
}
