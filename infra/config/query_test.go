package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/infra/config"
)

// Members of a team may query what the team's users may read.
func TestReadable(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("dev.yaml")
	if err != nil {
		t.Fatal(err)
	}
	users := `access: {%susers: {etl: {team: data, zones: {raw: read, curated: write}, tables: {"a.*": write}}, ` +
		`ann: {team: data, zones: {raw: read}, tables: {"b.x": read, "a.*": read}}, bob: {team: science, zones: {raw: read}}}}`
	for name, tt := range map[string]struct {
		access string
		want   map[string]string
	}{
		"no users": {noUsers, map[string]string{"default": "[curated raw] [ephemr_dev.*]"}},
		"users": {fmt.Sprintf(users, ""), map[string]string{
			"data": "[curated raw] [a.* b.x]", "science": "[raw] []", "default": "[curated raw] [ephemr_dev.*]",
		}},
		"users are required": {fmt.Sprintf(users, "required: true, "), map[string]string{
			"data": "[curated raw] [a.* b.x]", "science": "[raw] []", "default": "[] []",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Parse("dev", "dev.yaml", []byte(strings.Replace(string(data), noUsers, tt.access, 1)))
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, team := range c.TeamNames() {
				zones, tables := c.Readable(team)
				got[team] = fmt.Sprint(zones, tables)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	var many strings.Builder
	for i := range 60 {
		fmt.Fprintf(&many, "a_database.a_table_%d: read, ", i)
	}
	text := strings.Replace(string(data), noUsers, "access: {users: {etl: {team: data, tables: {"+many.String()+"}}}}", 1)
	if _, err := config.Parse("dev", "dev.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), "team data: its users have 60 tables, too many for one policy") {
		t.Errorf("got %v", err)
	}
}
