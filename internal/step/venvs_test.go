package step_test

import (
	"strings"
	"testing"

	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/secret"
	"ephemr/internal/step"
)

func venvs() *step.Venvs {
	db := awsfake.NewDynamoDB(awsfake.Table{Name: "clusters", PK: "pk"})
	return &step.Venvs{Secret: &secret.Secret{DB: db, Table: "clusters", Key: records.VenvSecretKey()}}
}

// A job of one pipeline, user or stage cannot know where another's libraries are
// stored; runs of one pipeline share them.
func TestVenvPrefixes(t *testing.T) {
	t.Parallel()
	v := venvs()
	prefix := func(v *step.Venvs, r run.Run) string {
		t.Helper()
		p, err := v.Prefix(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := run.Run{ID: "a-1", Pipeline: "a", Version: 1}
	base := prefix(v, first)
	if again := prefix(v, run.Run{ID: "a-2", Pipeline: "a", Version: 2}); again != base {
		t.Errorf("a later version has %s, want %s", again, base)
	}
	seen := map[string]string{base: "first"}
	for name, r := range map[string]run.Run{
		"another pipeline": {Pipeline: "b", Version: 1},
		"ad hoc":           {Pipeline: "a"},
		"another user":     {Pipeline: "a", Version: 1, User: "etl"},
		"another team":     {Pipeline: "a", Version: 1, Team: "etl"},
		"moved separator":  {Pipeline: `a",true`, Version: 1},
	} {
		p := prefix(v, r)
		if seen[p] != "" {
			t.Errorf("%s shares %s with %s", name, p, seen[p])
		}
		seen[p] = name
		if want := map[bool]string{true: "users/etl/venvs/", false: "venvs/"}[r.User != ""]; !strings.HasPrefix(p, want) || len(p) != len(want)+32 {
			t.Errorf("%s: %s", name, p)
		}
	}
	if other := prefix(venvs(), first); other == base {
		t.Errorf("two stages share %s", other)
	}
}
