package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ephemr/internal/pipeline"
)

func TestRetryDelays(t *testing.T) {
	t.Parallel()
	m := func(n int) pipeline.Duration { return pipeline.Duration(n) * pipeline.Duration(time.Minute) }
	for name, tt := range map[string]struct {
		delay  *pipeline.RetryDelay
		random float64
		want   []time.Duration // before the first retries
	}{
		"none":         {nil, 0.9, []time.Duration{0, 0}},
		"constant":     {&pipeline.RetryDelay{Delay: m(1)}, 0, []time.Duration{time.Minute, time.Minute, time.Minute}},
		"with jitter":  {&pipeline.RetryDelay{Delay: m(1)}, 0.5, []time.Duration{66 * time.Second}},
		"growing":      {&pipeline.RetryDelay{Delay: m(1), Factor: 2, Max: m(3)}, 0, []time.Duration{time.Minute, 2 * time.Minute, 3 * time.Minute, 3 * time.Minute}},
		"at most 1h":   {&pipeline.RetryDelay{Delay: m(10), Factor: 10}, 0, []time.Duration{10 * time.Minute, time.Hour, time.Hour}},
		"no overflow":  {&pipeline.RetryDelay{Delay: m(60), Factor: 10}, 0, append(make([]time.Duration, 0), time.Hour)},
		"longest ever": {&pipeline.RetryDelay{Delay: m(60), Factor: 10}, 1, []time.Duration{72 * time.Minute}},
	} {
		for i, want := range tt.want {
			if got := tt.delay.Before(i+1, tt.random); got != want {
				t.Errorf("%s: %s before retry %d, want %s", name, got, i+1, want)
			}
		}
	}
	if got := (&pipeline.RetryDelay{Delay: m(60), Factor: 10}).Before(1_000_000, 0); got != time.Hour {
		t.Errorf("%s before the millionth retry", got)
	}
}

// A delay may be written as a table or as a duration, and comes back from JSON as it was.
func TestRetryDelayIsRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]pipeline.RetryDelay{
		"90s":                              {Delay: pipeline.Duration(90 * time.Second)},
		"{delay: 30s, factor: 2, max: 2m}": {Delay: pipeline.Duration(30 * time.Second), Factor: 2, Max: pipeline.Duration(2 * time.Minute)},
	} {
		s, err := pipeline.Parse("x.yaml", []byte("pipeline: x\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a, retries: 1, retryDelay: "+text+"}]"))
		if err != nil || *s.Jobs[0].RetryDelay != want {
			t.Errorf("%s: %+v, %v", text, s.Jobs, err)
			continue
		}
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again pipeline.Spec
		if err := json.Unmarshal(data, &again); err != nil || *again.Jobs[0].RetryDelay != want {
			t.Errorf("%s: after JSON %+v, %v", text, again.Jobs, err)
		}
	}
}

// Every delay adds a round to the execution, whose history is limited.
func TestRoundsAreLimited(t *testing.T) {
	t.Parallel()
	var jobs []string
	for i := range 130 {
		jobs = append(jobs, "{name: j"+strings.Repeat("x", i%30)+string(rune('a'+i/30))+", type: bash, source: a, retries: 10, retryDelay: 1m}")
	}
	_, err := pipeline.Parse("x.yaml", []byte("pipeline: x\ncluster: {profile: small}\njobs: ["+strings.Join(jobs, ", ")+"]"))
	if err == nil || !strings.Contains(err.Error(), "all attempts and delays together are 2730; use at most 2600") {
		t.Errorf("got %v", err)
	}
}
