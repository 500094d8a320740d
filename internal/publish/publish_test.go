package publish_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/publish"
	"ephemr/internal/run"
)

// seen is what a call has left.
type seen struct {
	Error fault.Name
	State run.PublicationState
	Reads string // what readers see
}

// What is recorded after each answer of Glue, and after a later invocation: a claim is
// removed only when the catalog shows that the call had no effect.
func TestAnswersOfGlue(t *testing.T) {
	t.Parallel()
	done := seen{"", run.Published, location("r")}
	for name, tt := range map[string]struct {
		prepare     func(w *world)
		first, next seen // next is as soon as the lease of the first is over
	}{
		"success":                       {func(*world) {}, done, done},
		"ThrottlingException":           {func(w *world) { w.glue.FailNext("CreatePartition", awsfake.Throttled()) }, seen{fault.Throttled, "", ""}, done},
		"ConcurrentModification":        {func(w *world) { w.glue.FailNext("CreatePartition", errBusy) }, seen{fault.Throttled, "", ""}, done},
		"AlreadyExists of its own call": {func(w *world) { w.glue.RepeatNext("CreatePartition", 1) }, done, done},
		"AlreadyExists of its own call, then unreadable": {
			func(w *world) {
				w.glue.RepeatNext("CreatePartition", 1)
				w.glue.FailNext("GetPartition", nil, awsfake.Throttled())
			}, seen{fault.Throttled, run.Publishing, location("r")}, done,
		},
		"AlreadyExists of another client": {func(w *world) {
			w.glue.Use(&awsfake.Hooks{Around: func(ctx context.Context, op string, effect func() error) error {
				if op == "Glue:CreatePartition" {
					_ = w.create(ctx, elsewhere)
				}
				return effect()
			}})
		}, seen{fault.Throttled, "", elsewhere}, done},
		"AccessDenied": {
			func(w *world) { w.glue.FailNext("CreatePartition", awsfake.Denied("glue:CreatePartition")) },
			seen{fault.Permission, "", ""},
			done,
		},
		"AccessDenied after the effect": {func(w *world) { w.glue.LoseNext("CreatePartition", awsfake.Denied("glue:CreatePartition")) }, done, done},
		"AccessDenied after the effect, then unreadable": {
			func(w *world) {
				w.glue.LoseNext("CreatePartition", awsfake.Denied("glue:CreatePartition"))
				w.glue.FailNext("GetPartition", nil, awsfake.Denied("glue:GetPartition"))
			}, seen{fault.Throttled, run.Publishing, location("r")}, done,
		},
		"AccessDenied, then unreadable": {
			func(w *world) {
				w.glue.FailNext("CreatePartition", awsfake.Denied("glue:CreatePartition"))
				w.glue.FailNext("GetPartition", nil, errTimedOut)
			}, seen{fault.Throttled, run.Publishing, ""}, done,
		},
		"OperationTimeout":                  {func(w *world) { w.glue.FailNext("CreatePartition", errTimedOut) }, seen{fault.Throttled, run.Publishing, ""}, done},
		"OperationTimeout after the effect": {func(w *world) { w.glue.LoseNext("CreatePartition", errTimedOut) }, done, done},
		"a lost answer":                     {func(w *world) { w.glue.LoseNext("CreatePartition", errReset) }, done, done},
		"a lost answer, then unreadable": {
			func(w *world) {
				w.glue.LoseNext("CreatePartition", errReset)
				w.glue.FailNext("GetPartition", nil, errReset)
			}, seen{fault.Throttled, run.Publishing, location("r")}, done,
		},
		"unreadable before": {func(w *world) { w.glue.FailNext("GetPartition", awsfake.Throttled()) }, seen{fault.Throttled, "", ""}, done},
		"EntityNotFound of the table": {
			func(w *world) { w.glue.FailNext("GetTable", &types.EntityNotFoundException{}) },
			seen{fault.InvalidInput, "", ""},
			done,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tt.prepare(w)
				w.begin(t, "r")
				got := seen{nameOf(w.publish(t, "r")), w.state(t, "r"), w.seen(t)}
				if diff := cmp.Diff(tt.first, got); diff != "" {
					t.Errorf("first call (-want +got):\n%s", diff)
				}
				time.Sleep(run.Lease)
				got = seen{nameOf(w.publish(t, "r")), w.state(t, "r"), w.seen(t)}
				if diff := cmp.Diff(tt.next, got); diff != "" {
					t.Errorf("next call (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// While a call may still be under way, no other is made.
func TestUnclearCallIsNotRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.begin(t, "r")
		w.glue.FailNext("CreatePartition", errTimedOut)
		for range 2 {
			if err := w.publish(t, "r"); fault.NameOf(err) != fault.Throttled || w.glue.Calls("CreatePartition") != 1 {
				t.Errorf("%v, %d calls", err, w.glue.Calls("CreatePartition"))
			}
		}
	})
}

// Readers keep the data before if the run has written nothing.
func TestNothingWritten(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(w *world){
		"no files":     func(*world) {},
		"hidden files": func(w *world) { w.s3.Place("curated", "stores/run=empty/_SUCCESS", []byte("x")) },
		"empty files":  func(w *world) { w.s3.Place("curated", "stores/run=empty/part-0.csv", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.published(t, "before")
				w.begin(t, "empty")
				w.remove(t, "stores/run=empty/part-0.csv")
				write(w)
				err := w.publish(t, "empty")
				got := seen{nameOf(err), w.state(t, "empty"), w.seen(t)}
				if diff := cmp.Diff(seen{fault.Data, "", location("before")}, got); diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			})
		})
	}
}

// The locations before a publication, when another client has changed the partition.
func TestEarlierLocations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		between func(t *testing.T, w *world)
		want    []string
	}{
		"unchanged":          {func(*testing.T, *world) {}, []string{location("b"), location("a")}},
		"without last slash": {func(t *testing.T, w *world) { w.set(t, "s3://curated/stores/run=b") }, []string{location("b"), location("a")}},
		"changed":            {func(t *testing.T, w *world) { w.set(t, elsewhere) }, []string{elsewhere, location("b"), location("a")}},
		"dropped":            {func(_ *testing.T, w *world) { w.glue.Drop(database, "stores", "today") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.published(t, "a", "b")
				tt.between(t, w)
				w.published(t, "c")
				all, err := w.publisher.Store.List(t.Context(), "ephemr.stores")
				if err != nil || len(all) != 1 {
					t.Fatal(all, err)
				}
				var got []string
				for _, e := range all[0].Earlier {
					got = append(got, e.Location)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

var _ publish.GlueAPI = (*awsfake.Glue)(nil)
