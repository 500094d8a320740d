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
		"no such next":          {`{"StartAt":"A","States":{"A":{` + call + `,"Next":"B"}}}`, `state "A": Next names no state "B"`},
		"unreachable":           {`{"StartAt":"A","States":{"A":{"Type":"Succeed"},"B":{"Type":"Succeed"}}}`, `state "B": cannot be reached`},
		"endless":               {`{"StartAt":"A","States":{"A":{` + call + `,"Next":"A"}}}`, "no terminal state can be reached"},
		"unknown type":          {`{"StartAt":"A","States":{"A":{"Type":"Map","End":true}}}`, `state "A": unsupported Type "Map"`},
		"wrong case":            {`{"StartAt":"A","States":{"A":{` + call + `,"end":true}}}`, `state "A": wants either Next or "End": true` + "\n" + `state "A": unsupported field end`},
		"next and end":          {`{"StartAt":"A","States":{"A":{` + call + `,"Next":"A","End":true}}}`, "wants either Next or"},
		"field of another type": {`{"StartAt":"A","States":{"A":{"Type":"Succeed","TimeoutSeconds":1}}}`, `state "A": unsupported field TimeoutSeconds`},
		"heartbeat":             {`{"StartAt":"A","States":{"A":{` + call + `,"HeartbeatSeconds":1,"End":true}}}`, `state "A": unsupported field HeartbeatSeconds`},
		"timeout path":          {`{"StartAt":"A","States":{"A":{` + call + `,"TimeoutSecondsPath":"$.t","End":true}}}`, "unsupported field TimeoutSecondsPath"},
		"unknown resource":      {`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","Parameters":{"FunctionName":"f"},"End":true}}}`, `unsupported Resource "arn:aws:states:::sns:publish"`},
		"no function":           {`{"StartAt":"A","States":{"A":{` + lambda + `,"Parameters":{"Payload":{}},"End":true}}}`, "FunctionName is missing"},
		"unknown parameter":     {`{"StartAt":"A","States":{"A":{` + lambda + `,"Parameters":{"FunctionName":"f","Qualifier":"1"},"End":true}}}`, "Parameters: unsupported field Qualifier"},
		"token without waiting": {`{"StartAt":"A","States":{"A":{` + lambda + `,"Parameters":{"FunctionName":"f","Payload":{"t.$":"$$.Task.Token"}},"End":true}}}`, "$$.Task.Token belongs to .waitForTaskToken"},
		"waiting without token": {`{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f"},"End":true}}}`, "$$.Task.Token belongs to .waitForTaskToken"},
		"wildcard":              {`{"StartAt":"A","States":{"A":{` + call + `,"InputPath":"$.a[*]","End":true}}}`, "unsupported subscript [*]"},
		"filter":                {`{"StartAt":"A","States":{"A":{` + call + `,"InputPath":"$.a[?(@.b)]","End":true}}}`, "unsupported"},
		"variable":              {`{"StartAt":"A","States":{"A":{` + call + `,"InputPath":"$x","End":true}}}`, `unsupported "x"`},
		"not a path":            {`{"StartAt":"A","States":{"A":{` + call + `,"ResultSelector":{"u.$":"text"},"End":true}}}`, `field "u.$": path "text" does not start with $`},
		"intrinsic function":    {`{"StartAt":"A","States":{"A":{` + call + `,"ResultSelector":{"u.$":"States.UUID()"},"End":true}}}`, `field "u.$": unsupported function States.UUID`},
		"pass":                  {`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}`, `state "A": unsupported Type "Pass"`},
		"wait for a time":       {`{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"End":true}}}`, "SecondsPath is missing"},
		"wait without a path":   {`{"StartAt":"A","States":{"A":{"Type":"Wait","SecondsPath":"5","End":true}}}`, `SecondsPath: path "5" does not start with $`},
		"two comparisons":       {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringEquals":"x","BooleanEquals":true,"Next":"A"}]}}}`, "wants either StringEquals or BooleanEquals"},
		"other comparison":      {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","NumericEquals":1,"Next":"A"}]}}}`, `state "A": Choices[0]: unsupported field NumericEquals`},
		"comparison of paths":   {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringEqualsPath":"$.b","Next":"A"}]}}}`, `unsupported field StringEqualsPath`},
		"comparison type":       {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","StringEquals":1,"Next":"A"}]}}}`, "StringEquals: json: cannot unmarshal number"},
		"type test":             {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Variable":"$.a","IsPresent":true,"Next":"A"}]}}}`, `unsupported field IsPresent`},
		"and":                   {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","StringEquals":"x"}],"Next":"A"}]}}}`, `Variable is missing`},
		"or":                    {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Or":[],"Next":"A"}]}}}`, `state "A": Choices[0]: unsupported field Or`},
		"not":                   {`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Not":{"Variable":"$.a","StringEquals":"x"},"Next":"A"}]}}}`, `state "A": Choices[0]: unsupported field Not`},
		"ALL not alone":         {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E","States.ALL"]}],"End":true}}}`, "States.ALL must stand alone and last"},
		"ALL not last":          {`{"StartAt":"A","States":{"A":{` + call + `,"Catch":[{"ErrorEquals":["States.ALL"],"Next":"A"},{"ErrorEquals":["E"],"Next":"A"}],"End":true}}}`, "Catch: States.ALL must stand alone and last"},
		"misspelt States error": {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["States.TimedOut"]}],"End":true}}}`, "unknown error name States.TimedOut"},
		"retry field":           {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"MaxRetries":1}],"End":true}}}`, `state "A": Retry[0]: unsupported field MaxRetries`},
		"backoff":               {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"BackoffRate":0.5}],"End":true}}}`, "BackoffRate: 0.5 is below 1"},
		"interval":              {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":0}],"End":true}}}`, "IntervalSeconds: 0 is out of range"},
		"max delay":             {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"IntervalSeconds":5,"MaxDelaySeconds":5}],"End":true}}}`, "MaxDelaySeconds is not above IntervalSeconds"},
		"jitter":                {`{"StartAt":"A","States":{"A":{` + call + `,"Retry":[{"ErrorEquals":["E"],"JitterStrategy":"SOME"}],"End":true}}}`, `JitterStrategy: unsupported "SOME"`},
		"error and path":        {`{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"E","ErrorPath":"$.e"}}}`, "has both Error and ErrorPath"},
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
