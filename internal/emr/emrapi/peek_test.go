package emrapi_test

import (
	"testing"
	"testing/synctest"
	"time"

	"ephemr/internal/emr/emrapi"
	"ephemr/internal/stage"
)

// Reading a budget takes nothing from it, and names the bucket that refuses the next call
// for exactly as long as it does.
func TestEmpty(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limits stage.Buckets
		api    string
		want   string
	}{
		"API":                      {wide, "RunJobFlow", "RunJobFlow"},
		"account":                  {stage.Buckets{stage.AccountBucket: {Burst: 5, PerSecond: 0.1}}, "RunJobFlow", stage.AccountBucket},
		"account, but for reserve": {stage.Buckets{stage.AccountBucket: {Burst: 5, PerSecond: 0.1}}, "ListClusters", stage.AccountBucket},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := table()
				b, r := budget(db, tt.limits), emrapi.Buckets{DB: db, Table: "clusters", Limits: tt.limits}
				if bucket, _, err := r.Empty(t.Context(), tt.api); err != nil || bucket != "" {
					t.Errorf("full: %q, %v", bucket, err)
				}
				if n, _ := takes(t.Context(), b, tt.api); n == 0 {
					t.Fatal("a full budget paid for no call")
				}
				bucket, wait, err := r.Empty(t.Context(), tt.api)
				if err != nil || bucket != tt.want || wait <= 0 {
					t.Fatalf("got %q, %s, %v; want %q", bucket, wait, err, tt.want)
				}
				time.Sleep(wait - time.Millisecond)
				if b.Take(t.Context(), tt.api) == nil {
					t.Error("a call was paid for before the time")
				}
				time.Sleep(time.Millisecond)
				if bucket, _, _ := r.Empty(t.Context(), tt.api); bucket != "" {
					t.Errorf("in time: %q", bucket)
				}
				if err := b.Take(t.Context(), tt.api); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
