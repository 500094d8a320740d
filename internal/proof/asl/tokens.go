package asl

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
)

// Tokens takes the answers to .waitForTaskToken tasks, with the signatures of
// the SDK's Step Functions client. Its zero value is ready.
type Tokens struct {
	mu     sync.Mutex
	issued int
	tasks  map[string]*task // nil = over
}

// task is one attempt of a token task that waits for its answer.
type task struct {
	answered bool
	answer   chan answer // holds one
}

// answer is the answer to a token.
type answer struct {
	output json.RawMessage
	err    *failure
}

const tokenPrefix = "task:"

func (t *Tokens) issue(execution string) (string, *task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tasks == nil {
		t.tasks = map[string]*task{}
	}
	t.issued++
	token := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s%s:%d", tokenPrefix, execution, t.issued))
	t.tasks[token] = &task{answer: make(chan answer, 1)}
	return token, t.tasks[token]
}

// close ends a task: later answers to its token fail.
func (t *Tokens) close(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tasks[token] = nil
}

func (t *Tokens) send(token *string, a answer) error {
	if token == nil {
		return &types.InvalidToken{Message: new("Invalid Token: ''")}
	}
	text, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil || !strings.HasPrefix(string(text), tokenPrefix) {
		return &types.InvalidToken{Message: new("Invalid Token: 'Invalid token'")}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, known := t.tasks[*token]
	switch {
	case !known:
		return &types.TaskDoesNotExist{Message: new("Task does not exist")}
	case waiting == nil || waiting.answered:
		return &types.TaskTimedOut{Message: new("Task Timed Out: 'Provided task does not exist anymore'")}
	}
	waiting.answered = true
	waiting.answer <- a
	return nil
}

// SendTaskSuccess ends a token task with an output.
func (t *Tokens) SendTaskSuccess(_ context.Context, in *sfn.SendTaskSuccessInput, _ ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error) {
	if in.Output == nil {
		return nil, &types.ValidationException{Message: new("1 validation error detected: Value null at 'output' failed to satisfy constraint: Member must not be null")}
	}
	if _, err := decode([]byte(*in.Output)); err != nil {
		return nil, &types.InvalidOutput{Message: new("Invalid Output: " + err.Error())}
	}
	if len(*in.Output) > maxPayload {
		return nil, &types.InvalidOutput{Message: new("Invalid Output: output size exceeds 262144 bytes")}
	}
	if err := t.send(in.TaskToken, answer{output: json.RawMessage(*in.Output)}); err != nil {
		return nil, err
	}
	return &sfn.SendTaskSuccessOutput{}, nil
}

// SendTaskFailure ends a token task with an error.
func (t *Tokens) SendTaskFailure(_ context.Context, in *sfn.SendTaskFailureInput, _ ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error) {
	name, cause := text(in.Error), text(in.Cause)
	if len(name) > maxErrorName || len(cause) > maxErrorCause {
		return nil, &types.ValidationException{Message: new("1 validation error detected: error or cause is too long")}
	}
	if err := t.send(in.TaskToken, answer{err: &failure{name, cause}}); err != nil {
		return nil, err
	}
	return &sfn.SendTaskFailureOutput{}, nil
}

// SendTaskHeartbeat only says whether a task still waits, as this
// interpreter refuses HeartbeatSeconds.
func (t *Tokens) SendTaskHeartbeat(_ context.Context, in *sfn.SendTaskHeartbeatInput, _ ...func(*sfn.Options)) (*sfn.SendTaskHeartbeatOutput, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	waiting, known := t.tasks[text(in.TaskToken)]
	switch {
	case !known:
		return nil, &types.TaskDoesNotExist{Message: new("Task does not exist")}
	case waiting == nil || waiting.answered:
		return nil, &types.TaskTimedOut{Message: new("Task Timed Out: 'Provided task does not exist anymore'")}
	}
	return &sfn.SendTaskHeartbeatOutput{}, nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
