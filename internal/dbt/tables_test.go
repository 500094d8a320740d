package dbt_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/dbt"
	"ephemr/internal/job"
)

// testdata/manifest.json is what dbt 1.10.23 has parsed, without macros and other attributes: top
// reads the ephemeral model hidden, which reads priced, which reads orders and the source prices.
func TestTables(t *testing.T) {
	t.Parallel()
	project, err := os.ReadFile("testdata/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	success := func(id, relation string) string {
		return fmt.Sprintf(`{"unique_id":"model.shop.%s","status":"success","relation_name":"%s","adapter_response":{"rows_affected":-1}}`, id, relation)
	}
	priced := []job.Column{{Name: "id", Type: "int"}, {Name: "sku", Type: "string"}}
	for name, tt := range map[string]struct {
		results []string
		want    []job.Table
	}{
		"nothing": {nil, nil},
		"all": {
			[]string{success("orders", "`shop_dev`.`orders`"), success("priced", "shop_dev.priced"), success("top", "shop_dev.top")},
			[]job.Table{
				{Name: "shop_dev.orders", Written: true},
				{Name: "shop_dev.priced", Written: true, Columns: priced},
				{Name: "shop_dev.top", Written: true},
				{Name: "shop_raw.prices"},
			},
		},
		"one, of others by an ephemeral model": {
			[]string{success("top", "shop_dev.top")},
			[]job.Table{{Name: "shop_dev.priced", Columns: priced}, {Name: "shop_dev.top", Written: true}},
		},
		"one that failed": {[]string{`{"unique_id":"model.shop.priced","status":"error","relation_name":"shop_dev.priced"}`}, nil},
		"a test": {
			[]string{`{"unique_id":"test.shop.unique_orders_id.1360ecc70e","status":"fail","relation_name":"shop_dev_dbt_test__audit.unique_orders_id"}`},
			[]job.Table{{Name: "shop_dev.orders"}},
		},
		"of another catalog": {[]string{success("revenue", "other.shop_dev.revenue")}, []job.Table{{Name: "shop_dev.orders"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := dbt.Tables([]byte(`{"results":[`+strings.Join(tt.results, ",")+`]}`), project)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	for _, bad := range [][2]string{{"{", "{}"}, {"{}", "["}} {
		if _, err := dbt.Tables([]byte(bad[0]), []byte(bad[1])); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
