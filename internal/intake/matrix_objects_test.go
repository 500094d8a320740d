package intake_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/intake"
	"ephemr/internal/ledger"
	"ephemr/internal/operation"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
)

// batchedMatrix is the pipeline of matrix, whose runs take many objects.
var batchedMatrix = strings.Replace(matrix, "prefix: m/", "prefix: m/, batch: {window: 1m}", 1)

// diesAt fails a creation of a run, once.
type diesAt struct {
	store.DB

	left *int // creations that succeed before
}

func (d diesAt) TransactWriteItems(
	ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options),
) (*dynamodb.TransactWriteItemsOutput, error) {
	if put := in.TransactItems[0].Put; put != nil && records.Text(put.Item[records.SortName]) == records.RunSort {
		if *d.left--; *d.left == -1 {
			return nil, errors.New("connection reset")
		}
	}
	return d.DB.TransactWriteItems(ctx, in, o...)
}

// An object or a batch is one run for each combination, also if the function dies between
// them and the event comes again.
func TestMatrixOfObjects(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"object": matrix, "batch": batchedMatrix} {
		for _, made := range []int{0, 1, 3, 9} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					left := made
					w := simulation.New(simulation.Config{Table: func(db store.DB) store.DB { return diesAt{db, &left} }})
					defer w.Close()
					w.Apply(file)
					w.Upload("m/x")
					time.Sleep(30 * time.Minute)
					w.Upload("m/x") // doubled
					time.Sleep(2 * time.Hour)
					if diff := cmp.Diff(four, values(w)); diff != "" {
						t.Errorf("%d made before the crash: runs -want +got:\n%s", made, diff)
					}
					var ids []string
					for _, r := range runs(w) {
						if ids = append(ids, r.ID); r.State != run.Succeeded {
							t.Errorf("run %s is %s: %s", r.ID, r.State, r.Reason)
						}
					}
					taken := takenBy(t, w, "m/x")
					slices.Sort(ids)
					slices.Sort(taken)
					if diff := cmp.Diff(ids, taken); diff != "" {
						t.Errorf("runs in the ledger -want +got:\n%s", diff)
					}
				})
			})
		}
	}
}

// takenBy are the runs that have taken an object, or its batch.
func takenBy(t *testing.T, w *simulation.World, key string) []string {
	t.Helper()
	e := entries(t, w, key)
	if len(e) != 1 {
		t.Fatalf("entries %+v", e)
	}
	if e[0].Batch == "" {
		return e[0].Runs
	}
	b, err := (&ledger.Store{DB: w.DB, Table: w.Settings.LedgerTable}).Batch(t.Context(), e[0].Batch)
	must(t, err)
	return b.Runs
}

// A redo of one value makes one run, of this value and with the same objects. It is
// refused with a reason if the matrix has changed so that it would be another.
func TestRedoOfAValue(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"object": matrix, "batch": batchedMatrix} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBatches(t, file, func(t *testing.T, w *simulation.World) {
				w.Upload("m/x")
				time.Sleep(2 * time.Hour)
				all := runs(w)
				one := all[slices.IndexFunc(all, func(r run.Run) bool { return r.Params["country"] == "es" && r.Params["kind"] == "b" })]
				var redone intake.Redone
				must(t, control(t, w, operation.Redo, intake.RedoRequest{RunID: one.ID, RequestID: "1"}, &redone))
				time.Sleep(2 * time.Hour)
				r := w.Record(redone.RunID).Run
				if diff := cmp.Diff(one.Params, r.Params); diff != "" || r.State != run.Succeeded || r.Trigger.RedoOf != one.ID || len(runs(w)) != 5 {
					t.Errorf("%d runs, redone: %+v\n%s", len(runs(w)), r, diff)
				}
				if taken := takenBy(t, w, "m/x"); len(taken) != 5 || taken[4] != redone.RunID {
					t.Errorf("runs in the ledger: %v", taken)
				}
				redoRefused(t, w, file, one.ID)
			})
		})
	}
}

// redoRefused changes the matrix of a pipeline so that a run cannot be made again.
func redoRefused(t *testing.T, w *simulation.World, file, id string) {
	t.Helper()
	for change, tt := range map[string]struct{ from, to, want string }{
		"value removed": {"country: [pt, es]", "country: [pt]", `"es" is not a value of the matrix; use one of ["pt"], or leave it out`},
		"param added":   {"params: {", "params: {size: {}, ", "2 runs would take its objects; use ephemr start with --object"},
	} {
		changed := strings.Replace(file, tt.from, tt.to, 1)
		if change == "param added" {
			changed = strings.Replace(changed, "matrix: {", "matrix: {size: [l, s], ", 1)
		}
		w.Apply(changed)
		if err := control(t, w, operation.Redo, intake.RedoRequest{RunID: id, RequestID: change}, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", change, err, tt.want)
		}
	}
}

// A matrix that has changed holds for later objects. An event that is repeated does not
// give an old one to the new values.
func TestMatrixChangesAfterAnObject(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"object": matrix, "batch": batchedMatrix} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBatches(t, file, func(t *testing.T, w *simulation.World) {
				w.Upload("m/x")
				time.Sleep(2 * time.Hour)
				w.Apply(strings.Replace(file, "country: [pt, es]", "country: [es, it]", 1))
				w.Upload("m/x")
				time.Sleep(2 * time.Hour)
				if diff := cmp.Diff(four, values(w)); diff != "" {
					t.Fatalf("repeated: runs -want +got:\n%s", diff)
				}
				w.Upload("m/y")
				time.Sleep(2 * time.Hour)
				if diff := cmp.Diff([]string{"esa", "esa", "esb", "esb", "ita", "itb", "pta", "ptb"}, values(w)); diff != "" {
					t.Errorf("another object: runs -want +got:\n%s", diff)
				}
			})
		})
	}
}

// Two pipelines that take the same object have their own values each.
func TestMatricesOfTwoPipelines(t *testing.T) {
	t.Parallel()
	inBatches(t, batchedMatrix, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.NewReplacer("pipeline: m\n", "pipeline: other\n", "kind: [a, b]", "kind: [x]", "default: a", "default: x").Replace(matrix))
		w.Upload("m/x")
		time.Sleep(2 * time.Hour)
		var other []string
		for _, r := range runs(w) {
			if r.Pipeline == "other" {
				other = append(other, r.Params["country"]+r.Params["kind"])
			}
		}
		slices.Sort(other)
		if diff := cmp.Diff([]string{"esx", "ptx"}, other); diff != "" {
			t.Errorf("other: runs -want +got:\n%s", diff)
		}
		if diff := cmp.Diff(four, values(w)); diff != "" {
			t.Errorf("m: runs -want +got:\n%s", diff)
		}
	})
}
