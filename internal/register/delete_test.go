package register_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/register"
)

func (f fixture) delete(t *testing.T) register.Removed {
	t.Helper()
	out, err := f.Store.Delete(t.Context(), "p", false, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// gone checks that nothing of a deleted pipeline is left that starts runs.
func (f fixture) gone(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff([]string{"CURRENT"}, f.sorts()); diff != "" {
		t.Errorf("items left: %s", diff)
	}
	if v, err := f.Store.Current(t.Context(), "p"); v != nil || err != nil {
		t.Errorf("current is %v, %v", v, err)
	}
	if names, err := f.Store.Watching(t.Context(), "raw", "many/x", 1); err != nil || len(names) > 0 {
		t.Errorf("an upload starts %v, %v", names, err)
	}
}

// A deleted pipeline has no triggers and versions any more, and its next version gets a
// number that was never used.
func TestDelete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture()
		for i := range 9 {
			f.apply(t, many+fmt.Sprintf("\ndescription: number %d", i))
		}
		time.Sleep(48 * time.Hour)
		f.apply(t, few) // the schedules of many owe dates
		if diff := cmp.Diff(register.Removed{Version: 10, Versions: 10, Changed: true}, f.delete(t)); diff != "" {
			t.Error(diff)
		}
		f.gone(t)
		if got := f.tick(t); len(got) > 0 {
			t.Errorf("requested %v", got)
		}
		if diff := cmp.Diff(register.Removed{Version: 10}, f.delete(t)); diff != "" {
			t.Errorf("the second time: %s", diff)
		}
		if err := f.Store.Adopt(t.Context(), time.Now()); err != nil {
			t.Error(err)
		}
		f.gone(t)
		f.refusesPauseAndResume(t, "was deleted at 2000-01-03T00:00:00Z")
		if out := f.apply(t, few); out.Version != 11 || !out.Changed {
			t.Errorf("registered as %+v, want version 11", out)
		}
		f.agree(t)
		if got := f.tick(t); len(got) > 0 {
			t.Errorf("requested %v, from before the deletion", got)
		}
	})
}

// refusesPauseAndResume checks that the pipeline can be neither paused nor resumed, and why.
func (f fixture) refusesPauseAndResume(t *testing.T, why string) {
	t.Helper()
	for _, err := range []error{second(f.Store.Pause(t.Context(), "p", "", time.Now())), second(f.Store.Resume(t.Context(), "p", "", time.Now()))} {
		if fault.NameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestDeleteUnknown(t *testing.T) {
	t.Parallel()
	if _, err := newFixture().Store.Delete(t.Context(), "p", false, time.Now()); fault.NameOf(err) != fault.InvalidInput {
		t.Errorf("got %v", err)
	}
}

// At any call of a deletion another caller comes: afterwards the pipeline is there with
// all of its triggers, or it is gone, and no number was used twice.
func TestDeleteMeanwhile(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]func(*testing.T, fixture){
		"applied":  func(t *testing.T, f fixture) { t.Helper(); f.apply(t, few) },
		"repaired": func(t *testing.T, f fixture) { t.Helper(); f.apply(t, many) },
		"adopted": func(t *testing.T, f fixture) {
			t.Helper()
			if err := f.Store.Adopt(t.Context(), time.Now()); err != nil {
				t.Error(err)
			}
		},
		"moved":   func(t *testing.T, f fixture) { t.Helper(); f.tick(t) },
		"deleted": func(t *testing.T, f fixture) { t.Helper(); f.delete(t) },
		"deleted and applied": func(t *testing.T, f fixture) {
			t.Helper()
			f.delete(t)
			f.apply(t, few)
		},
		"paused": func(t *testing.T, f fixture) {
			t.Helper()
			if _, err := f.Store.Pause(t.Context(), "p", "", time.Now()); err != nil && fault.NameOf(err) != fault.InvalidInput {
				t.Error(err)
			}
		},
	} {
		for n := range 6 {
			for _, missing := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s at call %d %t", name, n, missing), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						f := newFixture()
						f.apply(t, many)
						if missing { // it is to be adopted
							for i := range 3 {
								f.remove(t, records.ScheduleKey("p", i))
							}
						}
						time.Sleep(24 * time.Hour)
						used := 1
						f.db.Use(&awsfake.Hooks{Before: nth(n, func() {
							other(t, f)
							used = f.number(t)
						})})
						_, err := f.Store.Delete(t.Context(), "p", false, time.Now())
						f.db.Use(nil)
						if err != nil && fault.NameOf(err) != fault.Conflict {
							t.Fatal(err)
						}
						f.wholeOrGone(t, used)
					})
				})
			}
		}
	}
}

// number is the last number of a version that was used.
func (f fixture) number(t *testing.T) int {
	t.Helper()
	n := 0
	for _, it := range f.db.Items("pipelines") {
		if records.Text(it["sk"]) == "CURRENT" {
			if err := attributevalue.Unmarshal(it["number"], &n); err != nil {
				t.Fatal(err)
			}
		}
	}
	return n
}

// wholeOrGone checks that the pipeline has all of its triggers or none, and that the
// next version has a number after those that were used.
func (f fixture) wholeOrGone(t *testing.T, used int) {
	t.Helper()
	v, err := f.Store.Current(t.Context(), "p")
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		f.gone(t)
		if out := f.apply(t, "description: next"); out.Version != used+1 {
			t.Errorf("after version %d comes %d", used, out.Version)
		}
		if v, err := f.Store.Current(t.Context(), "p"); err != nil || v.Paused {
			t.Errorf("registered as %+v, %v", v, err)
		}
		return
	}
	f.agree(t)
}

// A pipeline that is deleted while it is paused or resumed stays deleted, and is not
// paused when it is registered again.
func TestPauseWhileDeleted(t *testing.T) {
	t.Parallel()
	for n := range 3 {
		for _, triggers := range []string{many, none} {
			f := newFixture()
			f.apply(t, triggers)
			f.db.Use(&awsfake.Hooks{Before: nth(n, func() { f.delete(t) })})
			_, err := f.Store.Pause(t.Context(), "p", "", time.Now())
			f.db.Use(nil)
			if err != nil && fault.NameOf(err) != fault.InvalidInput {
				t.Error(err)
			}
			if n < 2 {
				f.wholeOrGone(t, 1)
			}
		}
	}
}

// A deletion that dies at any call is completed when it is repeated.
func TestDeleteDies(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		f := newFixture()
		for i := range 9 {
			f.apply(t, many+fmt.Sprintf("\ndescription: number %d", i))
		}
		calls := 0
		f.db.Use(&awsfake.Hooks{Before: func(string) error {
			if calls++; calls > n {
				return errors.New("connection reset")
			}
			return nil
		}})
		_, _ = f.Store.Delete(t.Context(), "p", false, time.Now())
		f.db.Use(nil)
		v, err := f.Store.Current(t.Context(), "p")
		if err != nil {
			t.Fatal(err)
		}
		if v != nil && len(f.schedules(t)) != 3 {
			t.Errorf("after %d calls there are %d schedules of a registered pipeline", n, len(f.schedules(t)))
		}
		f.delete(t)
		f.gone(t)
	}
}

// An apply during which the pipeline is deleted, and registered again, fails or is whole.
func TestApplyWhileDeleted(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		for _, again := range []bool{false, true} {
			f := newFixture()
			f.apply(t, many)
			f.db.Use(&awsfake.Hooks{Before: nth(n, func() {
				f.delete(t)
				if again {
					f.apply(t, few)
				}
			})})
			_, err := f.Apply(t.Context(), register.Input{Spec: file(many + "\nowner: a@example.com")})
			f.db.Use(nil)
			if err != nil && fault.NameOf(err) != fault.Conflict {
				t.Error(err)
			}
			f.wholeOrGone(t, f.number(t))
		}
	}
}
