package stage_test

import (
	"strings"
	"testing"

	"ephemr/internal/stage"
)

func TestBucketsValidate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		buckets stage.Buckets
		want    string
	}{
		"none":        {nil, ""},
		"usual":       {stage.Buckets{"account": {Burst: 200, PerSecond: 50}, "ListSteps": {Burst: 1, PerSecond: 0.5}}, ""},
		"unknown API": {stage.Buckets{"ListStep": {Burst: 1, PerSecond: 1}}, "limits.emr.ListStep: unknown API; use one of AddInstanceFleet, AddJobFlowSteps, CancelSteps, "},
		"no burst":    {stage.Buckets{"ListSteps": {PerSecond: 1}}, "limits.emr.ListSteps: burst 0 must be 1 to 10000, perSecond 1 0.001 to 10000"},
		"no rate":     {stage.Buckets{"ListSteps": {Burst: 1}}, "perSecond 0 0.001 to 10000"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.buckets.Validate()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestBucketsOf(t *testing.T) {
	t.Parallel()
	b := stage.Buckets{"ListSteps": {Burst: 1, PerSecond: 2}}
	if own, ok := b.Of("ListSteps"); own != b["ListSteps"] || !ok {
		t.Errorf("the stage's own: %v", own)
	}
	if usual, ok := b.Of("ListClusters"); usual != (stage.Bucket{Burst: 20, PerSecond: 0.5}) || !ok {
		t.Errorf("AWS's: %v", usual)
	}
	if _, ok := b.Of("AddTags"); ok {
		t.Error("AddTags has a bucket, but is never called")
	}
}
