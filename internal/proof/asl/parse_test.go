package asl_test

import (
	"strings"
	"testing"

	"ephemr/internal/proof/asl"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const lambda = `"Type":"Task","Resource":"arn:aws:states:::lambda:invoke"`
	const call = lambda + `,"Parameters":{"FunctionName":"f"}`
	tests := map[string]struct{ def, want string }{
		"not JSON":              {`{`, "definition: "},
		"two values":            {`{} {}`, "definition: "},
		"unknown top field":     {`{"StartAt":"A","States":{"A":{"Type":"Succeed"}},"Foo":1}`, "definition: unsupported field Foo"},
		"JSONata":               {`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"}}}`, `QueryLanguage "JSONata" is not supported`},
		"no such start":         {`{"StartAt":"B","States":{"A":{"Type":"Succeed"}}}`, `StartAt names no state "B"`},
		"no such next":          {`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`, `state "A": Next names no state "B"`},
		"unreachable":           {`{"StartAt":"A","States":{"A":{"Type":"Succeed"},"B":{"Type":"Succeed"}}}`, `state "B": cannot be reached`},
		"endless":               {`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}`, "no terminal state can be reached"},
		"unknown type":          {`{"StartAt":"A","States":{"A":{"Type":"Map","End":true}}}`, `state "A": unsupported Type "Map"`},
		"wrong case":            {`{"StartAt":"A","States":{"A":{"Type":"Pass","end":true}}}`, `state "A": wants either Next or "End": true` + "\n" + `state "A": unsupported field end`},
		"next and end":          {`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A","End":true}}}`, "wants either Next or"},
		"field of another type": {`{"StartAt":"A","States":{"A":{"Type":"Pass","TimeoutSeconds":1,"End":true}}}`, `state "A": unsupported field TimeoutSeconds`},
		"heartbeat":             {`{"StartAt":"A","States":{"A":{` + call + `,"HeartbeatSeconds":1,"End":true}}}`, `state "A": unsupported field HeartbeatSeconds`},
		"timeout path":          {`{"StartAt":"A","States":{"A":{` + call + `,"TimeoutSecondsPath":"$.t","End":true}}}`, "unsupported field TimeoutSecondsPath"},
		"unknown resource":      {`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","Parameters":{"FunctionName":"f"},"End":true}}}`, `unsupported Resource "arn:aws:states:::sns:publish"`},
		"no function":           {`{"StartAt":"A","States":{"A":{` + lambda + `,"Parameters":{"Payload":{}},"End":true}}}`, "FunctionName is missing"},
		"unknown parameter":     {`{"StartAt":"A","States":{"A":{` + lambda + `,"Parameters":{"FunctionName":"f","Qualifier":"1"},"End":true}}}`, "Parameters: unsupported field Qualifier"},
		"token without waiting": {`{"StartAt":"A","States":{"A":{` + lambda + `,"Parameters":{"FunctionName":"f","Payload":{"t.$":"$$.Task.Token"}},"End":true}}}`, "$$.Task.Token belongs to .waitForTaskToken"},
		"waiting without token": {`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f"},"End":true}}}`, "$$.Task.Token belongs to .waitForTaskToken"},
		"wildcard":              {`{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.a[*]","End":true}}}`, "unsupported subscript [*]"},
		"filter":                {`{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$.a[?(@.b)]","End":true}}}`, "unsupported"},
		"variable":              {`{"StartAt":"A","States":{"A":{"Type":"Pass","InputPath":"$x","End":true}}}`, `unsupported "x"`},
		"unknown intrinsic":     {`{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"u.$":"States.UUID()"},"End":true}}}`, "unsupported function States.UUID"},
		"not a path":            {`{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"u.$":"text"},"End":true}}}`, `field "u.$"`},
		"ALL not alone":         {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E","States.ALL"]}],"End":true}}}`, "States.ALL must stand alone and last"},
		"ALL not last":          {`{"StartAt":"A","States":{"A":{` + call + `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"},{"ErrorEquals":["E"],"Next":"A"}],"End":true}}}`, "Catch: States.ALL must stand alone and last"},
		"misspelt States error": {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["States.TimedOut"]}],"End":true}}}`, "unknown error name States.TimedOut"},
		"retry field":           {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"MaxRetries":1}],"End":true}}}`, `state "A": Retry[0]: unsupported field MaxRetries`},
		"backoff":               {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"BackoffRate":0.5}],"End":true}}}`, "BackoffRate: 0.5 is below 1"},
		"interval":              {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":0}],"End":true}}}`, "IntervalSeconds: 0 is out of range"},
		"max delay":             {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":5,"MaxDelaySeconds":5}],"End":true}}}`, "MaxDelaySeconds is not above IntervalSeconds"},
		"jitter":                {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"JitterStrategy":"SOME"}],"End":true}}}`, `JitterStrategy: unsupported "SOME"`},
		"two comparisons":       {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"IsString":true,"Next":"A"}]}}}`, "exactly one comparison"},
		"unknown comparison":    {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringLike":"x","Next":"A"}]}}}`, "exactly one comparison"},
		"comparison type":       {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":"1","Next":"A"}]}}}`, "NumericEquals: 1 has the wrong type"},
		"next in nested test":   {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","IsNull":true,"Next":"A"},"Next":"A"}]}}}`, "Not: unsupported field Next"},
		"error and path":        {`{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"E","ErrorPath":"$.e"}}}`, "has both Error and ErrorPath"},
		"wait for nothing":      {`{"StartAt":"A","States":{"A":{"Type":"Wait","End":true}}}`, "wants either Seconds or SecondsPath"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := asl.Parse([]byte(tt.def))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
