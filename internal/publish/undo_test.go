package publish_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"ephemr/internal/fault"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/publish"
	"ephemr/internal/run"
)

// A publication is undone if the catalog still has what it wrote. Otherwise it is refused
// with what the catalog has, and --force restores the previous location.
func TestUndo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, w *world)
		refused string // "" = undone
		forced  bool   // --force undoes it
	}{
		"unchanged":          {func(*testing.T, *world) {}, "", true},
		"without last slash": {func(t *testing.T, w *world) { w.set(t, "s3://curated/stores/run=b") }, "", true},
		"undone in Glue":     {func(t *testing.T, w *world) { w.set(t, location("a")) }, "", true},
		"dropped":            {func(_ *testing.T, w *world) { w.glue.Drop(database, "stores", "today") }, "was dropped in the catalog since run b published it; add --force", true},
		"changed":            {func(t *testing.T, w *world) { w.set(t, elsewhere) }, "points at " + elsewhere + ", which another client has set since run b published it; add --force", true},
		"expired":            {func(t *testing.T, w *world) { w.remove(t, "stores/run=a/part-0.csv") }, "has expired or was deleted; add --force", true},
		"published again":    {func(t *testing.T, w *world) { w.published(t, "c") }, "published again since, by run c: undo that first", false},
		"nothing before":     {func(t *testing.T, w *world) { w.glue.Drop(database, "stores", "today"); w.published(t, "c") }, "published again since, by run c", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.published(t, "a", "b")
				tt.prepare(t, w)
				before := w.seen(t)
				_, err := w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "b"})
				if tt.refused != "" {
					if nameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), tt.refused) || w.seen(t) != before || w.state(t, "b") != run.Published {
						t.Errorf("%v, readers see %q; want %q", err, w.seen(t), tt.refused)
					}
					_, err = w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "b", Force: true})
				}
				if undone := w.seen(t) == location("a") && w.state(t, "b") == run.Undone; undone != tt.forced || (err == nil) != tt.forced {
					t.Errorf("undone %t: %v, readers see %q", undone, err, w.seen(t))
				}
			})
		})
	}
}

// A partition that did not exist before is not restored, also when it was dropped before
// the publication or after it.
func TestUndoOfTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.published(t, "a")
		w.glue.Drop(database, "stores", "today")
		w.published(t, "b")
		undo := func(want string) {
			_, err := w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "b", Force: true})
			if nameOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
		}
		undo("did not exist before run b: drop it")
		w.glue.Drop(database, "stores", "today")
		undo("there is nothing to undo")
	})
}

// An undo whose answers are lost is done once, by the next call at the latest.
func TestUndoAnswersOfGlue(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		prepare func(g *awsfake.Glue)
		first   fault.Name
	}{
		"throttled":     {func(g *awsfake.Glue) { g.FailNext("UpdatePartition", awsfake.Throttled()) }, fault.Throttled},
		"a lost answer": {func(g *awsfake.Glue) { g.LoseNext("UpdatePartition", errReset) }, ""},
		"unreadable":    {func(g *awsfake.Glue) { g.FailNext("GetPartition", awsfake.Throttled()) }, fault.Throttled},
		"lost, then unreadable": {func(g *awsfake.Glue) {
			g.LoseNext("UpdatePartition", errReset)
			g.FailNext("GetPartition", nil, errReset)
		}, fault.Throttled},
		"denied": {func(g *awsfake.Glue) { g.FailNext("UpdatePartition", awsfake.Denied("glue:UpdatePartition")) }, fault.Permission},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.published(t, "a", "b")
				tt.prepare(w.glue)
				_, err := w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "b"})
				if nameOf(err) != tt.first {
					t.Errorf("first call: %v", err)
				}
				if err != nil {
					_, err = w.publisher.Undo(t.Context(), publish.UndoRequest{RunID: "b"})
				}
				if err != nil || w.seen(t) != location("a") || w.state(t, "b") != run.Undone {
					t.Errorf("%v, %s, readers see %q", err, w.state(t, "b"), w.seen(t))
				}
			})
		})
	}
}
