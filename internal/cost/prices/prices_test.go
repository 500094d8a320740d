package prices_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cost/prices"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestTable(t *testing.T) {
	t.Parallel()
	table := prices.Of("us-east-1")
	if table.Region != "us-east-1" || table.Date == "" || table.Source == "" || len(table.Types) < 1000 {
		t.Errorf("%s of %s, %s: %d types", table.Region, table.Date, table.Source, len(table.Types))
	}
	for name, want := range map[string]struct{ ec2, emr, disk float64 }{ // disk: 15 GiB of gp3 and 16 GiB of gp2 a vCPU, by hand
		"m5.xlarge":  {0.192, 0.048, (15*0.08 + 64*0.10) / 730},
		"r5.xlarge":  {0.252, 0.063, (15*0.08 + 64*0.10) / 730},
		"m7g.xlarge": {0.1632, 0.0408, (15*0.08 + 64*0.10) / 730},
		"m5.large":   {0.096, 0.024, (15*0.08 + 32*0.10) / 730},
		"m5d.xlarge": {0.226, 0.0565, 15 * 0.08 / 730},
	} {
		h, ok := table.Types[name]
		if !ok || !near(h.EC2, want.ec2) || !near(h.EMR, want.emr) || !near(table.Disk(h, 0), want.disk) {
			t.Errorf("%s: %+v and %f for volumes", name, h, table.Disk(h, 0))
		}
	}
	if got := table.Disk(table.Types["m5.xlarge"], 128); !near(got, (15+128)*0.08/730) {
		t.Errorf("128 GiB: %f", got)
	}
}

func TestOtherRegionsHaveTheDefault(t *testing.T) {
	t.Parallel()
	if got := prices.Of("eu-central-9").Region; got != prices.Default {
		t.Errorf("table of %q", got)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	table := prices.Of("us-east-1")
	if err := table.Check([]string{"m5.xlarge", "m7g.xlarge"}); err != nil {
		t.Error(err)
	}
	err := table.Check([]string{"m5.xlarge", "x9.huge", "x9.huge", "m5.xlrage"})
	if err == nil || !strings.HasPrefix(err.Error(), "no price is known for instance type x9.huge, m5.xlrage (price table of us-east-1, ") {
		t.Error(err)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	const good = "# region: eu-west-1\n# date: 2026-11-01\n# gp3: 0.088\n# gp2: 0.11\n# source: x\ntype,ec2,emr,vcpu,nvme\na.b,1,0.27,8,900\nc.d,0.5,,4,\n"
	table, err := prices.Read(strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	want := prices.Table{Region: "eu-west-1", Date: "2026-11-01", Source: "x", GP3: 0.088, GP2: 0.11, Types: map[string]prices.Hour{
		"a.b": {EC2: 1, EMR: 0.27, VCPU: 8, NVMe: 900}, "c.d": {EC2: 0.5, EMR: 0.125, VCPU: 4},
	}}
	if diff := cmp.Diff(want, table); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var out strings.Builder
	if err := table.Write(&out); err != nil || out.String() != good {
		t.Errorf("%v, written:\n%s", err, out.String())
	}
	for name, x := range map[string]struct{ old, replace, want string }{
		"no date":         {"2026-11-01", "today", "needs a region and a date"},
		"no region":       {"# region: eu-west-1\n", "", "needs a region and a date"},
		"no gp3":          {"# gp3: 0.088\n", "", `gp3 "" is not a price`},
		"other columns":   {"emr,vcpu", "vcpu,emr", "columns of the table must be"},
		"free":            {"a.b,1,", "a.b,0,", `a.b: ec2 "0" is not a price`},
		"not a number":    {"0.5,,", "0.5,NaN,", `c.d: emr "NaN" is not a price`},
		"without vcpu":    {"4,\n", ",\n", `c.d: vcpu "" is not a number`},
		"columns missing": {"c.d,0.5,,4,\n", "c.d,0.5\n", "wrong number of fields"},
		"nvme":            {"900", "much", `nvme "much"`},
	} {
		if _, err := prices.Read(strings.NewReader(strings.Replace(good, x.old, x.replace, 1))); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}
