package acceptance_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"ephemr/internal/job"
	"ephemr/internal/run"
)

// asksForPrices has a check with SQL.
const asksForPrices = `pipeline: NAME
params: {least: {default: "1"}}
cluster: {profile: small}
jobs: [{name: write, type: bash, source: jobs/write}]
checks:
  - name: cheap orders
    sql: |
      select o.id, o.price, c.name
      from TABLE o join CUSTOMERS c on c.id = o.customer
      where o.price < {{number .Params.least}}
`

// The engine of queries decides a check on data in S3, with the rights of the team, when the
// cluster is gone.
func TestSQLCheck(t *testing.T) {
	t.Parallel()
	name, table := "sql-"+nonce, "orders_"+strings.ReplaceAll(nonce, "-", "_")
	names := strings.NewReplacer("NAME", name, "TABLE", table, "CUSTOMERS", table+"_customers")
	w.table(t, table, "id string, customer string, price double", "o-1,c-1,5.5\no-2,c-2,12\no-3,c-1,7\n")
	w.table(t, table+"_customers", "id string, name string", "c-1,Ada\nc-2,Lin\n")
	w.apply(t, names.Replace(asksForPrices), map[string]string{"write": "true"})

	start := func(least string) *run.Record {
		t.Helper()
		out, stderr, code := w.cli(t, t.TempDir(), "start", name, "--param", "least="+least)
		if code != 0 {
			t.Fatalf("ephemr start: exit code %d\n%s%s", code, out, stderr)
		}
		return w.end(t, strings.TrimSpace(strings.Split(out, "\n")[0]))
	}
	right := start("1")
	if all := right.AllFindings(); right.Run.State != run.Succeeded || len(all) != 1 || all[0].Found != "0 rows" || all[0].Source != job.SourceAthena {
		t.Errorf("%s: %s, found %+v", right.Run.State, right.Run.Reason, all)
	}
	wrong := start("10")
	if wrong.Run.State != run.Failed || wrong.Run.Class != job.ClassData || !strings.HasSuffix(wrong.Run.Reason, "expected no rows of cheap orders, found 2 rows") {
		t.Errorf("%s %s: %s", wrong.Run.State, wrong.Run.Class, wrong.Run.Reason)
	}
	out, _, _ := w.cli(t, t.TempDir(), "show", wrong.Run.ID)
	for _, want := range []string{"rows that are not as expected: no rows of cheap orders", "o-1", "o-3", "Ada"} {
		if !strings.Contains(out, want) {
			t.Errorf("ephemr show lacks %q:\n%s", want, out)
		}
	}
	w.gone(t, wrong)
}

// table makes a table of rows of CSV.
func (w *world) table(t *testing.T, name, columns, rows string) {
	t.Helper()
	key := name + "/data.csv"
	if _, err := w.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(w.settings.Lake["curated"]), Key: &key, Body: strings.NewReader(rows)}); err != nil {
		t.Fatal(err)
	}
	w.asked(t, "create external table "+name+" ("+columns+") row format delimited fields terminated by ',' location '{{.Lake.curated}}/"+name+"/'")
}
