package statemachines_test

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/proof/asl"
	"ephemr/statemachines"
)

type handler struct {
	ErrorEquals []string
	MaxAttempts int
}

type state struct {
	Type, Resource string
	TimeoutSeconds int
	Retry, Catch   []handler
}

func states(t *testing.T) map[string]state {
	t.Helper()
	var def struct{ States map[string]state }
	if err := json.Unmarshal([]byte(statemachines.Run), &def); err != nil {
		t.Fatal(err)
	}
	return def.States
}

// Every error name that the workflow matches must be one that our functions or
// AWS can report; a misspelt one silently never matches.
func TestErrorNames(t *testing.T) {
	t.Parallel()
	for name, s := range states(t) {
		for _, h := range slices.Concat(s.Retry, s.Catch) {
			for _, e := range h.ErrorEquals {
				if !known(e) {
					t.Errorf("%s: unknown error name %q", name, e)
				}
			}
		}
	}
}

func known(name string) bool {
	if slices.Contains(fault.Names, fault.Name(name)) {
		return true
	}
	service, _, dotted := strings.Cut(name, ".")
	return dotted && slices.Contains([]string{"States", "Lambda", "Runtime", "Sandbox"}, service)
}

// Nothing may hang for ever or die of a passing fault.
func TestEveryTaskIsGuarded(t *testing.T) {
	t.Parallel()
	for name, s := range states(t) {
		if s.Type != "Task" {
			continue
		}
		if s.TimeoutSeconds == 0 {
			t.Errorf("%s has no TimeoutSeconds", name)
		}
		attempts := map[string]int{}
		for _, r := range s.Retry {
			for _, e := range r.ErrorEquals {
				attempts[e] = r.MaxAttempts
			}
		}
		retries(t, name, attempts)
		if name == "FinishRun" {
			continue // after it there is only sweep
		}
		if len(s.Catch) == 0 || !slices.Equal(s.Catch[len(s.Catch)-1].ErrorEquals, []string{"States.ALL"}) {
			t.Errorf("%s does not catch States.ALL at last", name)
		}
	}
}

// retries holds which errors of Lambda a state retries.
func retries(t *testing.T, state string, attempts map[string]int) {
	t.Helper()
	for _, e := range []string{
		"ThrottledError", "Lambda.ClientExecutionTimeoutException", "Lambda.ServiceException", "Lambda.AWSLambdaException",
		"Lambda.SdkClientException", "Lambda.TooManyRequestsException", "Runtime.ExitError", "Sandbox.Timedout",
	} {
		if attempts[e] < 1 {
			t.Errorf("%s does not retry %s", state, e)
		}
	}
	for _, e := range []string{"Lambda.Unknown", "Runtime.OutOfMemory"} { // likely to happen again
		if attempts[e] != 1 {
			t.Errorf("%s retries %s %d times, want once", state, e, attempts[e])
		}
	}
}

// A function's folder, its placeholder in the workflow and the other way round:
// no state calls a function that does not exist.
func TestPlaceholdersAreFunctions(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, f := range folders {
		have[filepath.Base(filepath.Dir(f))] = true
	}
	for _, m := range regexp.MustCompile(`\$\{(\w+)Function\}`).FindAllStringSubmatch(statemachines.Run, -1) {
		if !have[strings.ToLower(m[1])] {
			t.Errorf("%s: there is no functions/%s", m[0], strings.ToLower(m[1]))
		}
	}
}

// The workflow means the same to the interpreter as to AWS only if it uses
// nothing that the interpreter does not know.
func TestWorkflowIsUnderstood(t *testing.T) {
	t.Parallel()
	m, err := asl.Parse([]byte(statemachines.Run))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AwaitAdmission", "AwaitApproval", "AwaitObjects", "AwaitSQL", "CheckData", "CheckSQL", "Checked", "CheckedSQL", "CreateCluster", "Decided", "Failed", "FinishRun", "JobsLeft", "Outcome", "PrepareRun", "Prepared", "Publish", "ReleaseBeforeSQL", "ReleaseCluster", "StopSteps", "Stopped", "SubmitSteps", "Succeeded", "TerminateCluster",
	}
	if diff := cmp.Diff(want, m.States()); diff != "" {
		t.Error(diff)
	}
}
