package awsfake

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

type athenaExecution struct {
	sql, workgroup string
	answer         AthenaAnswer
	began          time.Time
	stopped        time.Time
}

// Athena is an in-memory Amazon Athena. It does not execute SQL: tests set the
// answers of statements.
type Athena struct {
	Control

	mu         sync.Mutex
	workgroups map[string]int64 // bytes that a query may scan
	answers    map[string]AthenaAnswer
	executions map[string]*athenaExecution
	tokens     map[string]string // client request token -> execution
	started    []string
}

// NewAthena returns an Athena with these workgroups and their scan limits.
func NewAthena(workgroups map[string]int64) *Athena {
	return &Athena{
		Control: newControl("Athena"), workgroups: workgroups, answers: map[string]AthenaAnswer{},
		executions: map[string]*athenaExecution{}, tokens: map[string]string{},
	}
}

// Answer sets the answer of statements that contain text; the longest matching
// text is used.
func (f *Athena) Answer(text string, a AthenaAnswer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[text] = a
}

// Started returns the statements that were started, in order.
func (f *Athena) Started() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.started...)
}

// Stopped says whether a statement was stopped before its end.
func (f *Athena) Stopped(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := f.executions[id]
	return x != nil && !x.stopped.IsZero()
}

func invalidQuery(code, format string, args ...any) error {
	return &types.InvalidRequestException{Message: new(fmt.Sprintf(format, args...)), AthenaErrorCode: new(code)}
}

// TooManyQueries returns the error for more concurrent queries than allowed.
func TooManyQueries() error {
	return &types.TooManyRequestsException{
		Message: new("You have exceeded the limit for the number of queries you may run concurrently. Please reduce the number of concurrent queries submitted by this account."),
		Reason:  types.ThrottleReasonConcurrentQueryLimitExceeded,
	}
}

// StartQueryExecution starts a statement; one with the same token is the same.
func (f *Athena) StartQueryExecution(ctx context.Context, in *athena.StartQueryExecutionInput, _ ...func(*athena.Options)) (*athena.StartQueryExecutionOutput, error) {
	return call(ctx, &f.Control, "StartQueryExecution", func() (*athena.StartQueryExecutionOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		token := aws.ToString(in.ClientRequestToken)
		if id, ok := f.tokens[token]; ok {
			return &athena.StartQueryExecutionOutput{QueryExecutionId: &id}, nil
		}
		sql, group := aws.ToString(in.QueryString), aws.ToString(in.WorkGroup)
		answer := f.answerTo(sql)
		switch _, ok := f.workgroups[group]; {
		case len(token) < 32 || len(token) > 128:
			return nil, invalidQuery("INVALID_INPUT", "clientRequestToken must have 32 to 128 characters")
		case !ok:
			return nil, invalidQuery("WORKGROUP_NOT_FOUND", "WorkGroup is not found.")
		case sql == "" || len(sql) > 262_144:
			return nil, invalidQuery("INVALID_INPUT", "queryString must have 1 to 262144 bytes")
		case answer.Refused != "":
			return nil, invalidQuery("MALFORMED_QUERY", "%s", answer.Refused)
		}
		id := fmt.Sprintf("00000000-0000-0000-0000-%012d", len(f.executions)+1)
		f.executions[id] = &athenaExecution{sql: sql, workgroup: group, answer: answer, began: time.Now()}
		f.tokens[token] = id
		f.started = append(f.started, sql)
		return &athena.StartQueryExecutionOutput{QueryExecutionId: &id}, nil
	})
}

func (f *Athena) answerTo(sql string) AthenaAnswer {
	var best string
	var answer AthenaAnswer
	for text, a := range f.answers {
		if strings.Contains(sql, text) && len(text) >= len(best) {
			best, answer = text, a
		}
	}
	if answer.Kind == "" {
		answer.Kind = statementKind(sql)
	}
	if answer.Row == nil {
		answer.Count = len(answer.Rows)
	}
	return answer
}

func statementKind(sql string) types.StatementType {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(sql)), " ")
	switch word {
	case "create", "drop", "alter", "msck":
		return types.StatementTypeDdl
	case "show", "describe", "explain":
		return types.StatementTypeUtility
	}
	return types.StatementTypeDml
}

// state returns the present state of x and its reason.
func (f *Athena) state(x *athenaExecution) (types.QueryExecutionState, string) {
	limit := f.workgroups[x.workgroup]
	took := time.Since(x.began)
	switch a := x.answer; {
	case !x.stopped.IsZero():
		return types.QueryExecutionStateCancelled, "Query was cancelled by user"
	case took < a.Queued:
		return types.QueryExecutionStateQueued, ""
	case took < a.Queued+a.Runs:
		return types.QueryExecutionStateRunning, ""
	case limit > 0 && a.Scanned > limit:
		return types.QueryExecutionStateCancelled, "Bytes scanned limit was exceeded"
	case a.Fails != "":
		return types.QueryExecutionStateFailed, a.Fails
	}
	return types.QueryExecutionStateSucceeded, ""
}

func (f *Athena) execution(id *string) (*athenaExecution, error) {
	x, ok := f.executions[aws.ToString(id)]
	if !ok {
		return nil, invalidQuery("INVALID_INPUT", "QueryExecution %s was not found", aws.ToString(id))
	}
	return x, nil
}

// GetQueryExecution returns the state of a statement.
func (f *Athena) GetQueryExecution(ctx context.Context, in *athena.GetQueryExecutionInput, _ ...func(*athena.Options)) (*athena.GetQueryExecutionOutput, error) {
	return call(ctx, &f.Control, "GetQueryExecution", func() (*athena.GetQueryExecutionOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		x, err := f.execution(in.QueryExecutionId)
		if err != nil {
			return nil, err
		}
		state, reason := f.state(x)
		took := min(time.Since(x.began), x.answer.Queued+x.answer.Runs)
		out := &types.QueryExecution{
			QueryExecutionId: in.QueryExecutionId, Query: &x.sql, WorkGroup: &x.workgroup, StatementType: x.answer.Kind,
			Status:     &types.QueryExecutionStatus{State: state, SubmissionDateTime: &x.began},
			Statistics: &types.QueryExecutionStatistics{TotalExecutionTimeInMillis: new(took.Milliseconds())},
		}
		if reason != "" {
			out.Status.StateChangeReason = &reason
		}
		if state != types.QueryExecutionStateQueued {
			out.Statistics.DataScannedInBytes = &x.answer.Scanned
		}
		return &athena.GetQueryExecutionOutput{QueryExecution: out}, nil
	})
}

// StopQueryExecution stops a running statement.
func (f *Athena) StopQueryExecution(ctx context.Context, in *athena.StopQueryExecutionInput, _ ...func(*athena.Options)) (*athena.StopQueryExecutionOutput, error) {
	return call(ctx, &f.Control, "StopQueryExecution", func() (*athena.StopQueryExecutionOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		x, err := f.execution(in.QueryExecutionId)
		if err != nil {
			return nil, err
		}
		if state, _ := f.state(x); state == types.QueryExecutionStateQueued || state == types.QueryExecutionStateRunning {
			x.stopped = time.Now()
		}
		return &athena.StopQueryExecutionOutput{}, nil
	})
}
