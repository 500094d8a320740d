package flights_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"ephemr/internal/local/flights"
)

func TestDelays(t *testing.T) {
	t.Parallel()
	const csv = `year,month,day,dep_delay,arr_delay,carrier,flight,origin,time_hour
2013,1,1,2,11,UA,1545,EWR,2013-01-01T10:00:00Z
2013,1,1,4,20,UA,1714,EWR,2013-01-01T10:00:00Z
2013,1,1,4,20,UA,1714,EWR,2013-01-01T10:00:00Z
2013,1,2,NA,NA,UA,1,EWR,2013-01-02T10:00:00Z
2013,1,2,3,NA,UA,2,EWR,2013-01-02T10:00:00Z
2013,1,2,3,99999,UA,3,EWR,2013-01-02T10:00:00Z
2013,1,2,-1,-18,AA,3,JFK,2013-01-02T10:00:00Z
`
	got, count, err := flights.Delays(gzipped(t, csv))
	if err != nil {
		t.Fatal(err)
	}
	want := []flights.Delay{
		{Month: "2013-01", Carrier: "AA", Origin: "JFK", Flights: 1, DepDelay: -1, ArrDelay: -18, WorstDelay: -18},
		{Month: "2013-01", Carrier: "UA", Origin: "EWR", Flights: 2, DepDelay: 3, ArrDelay: 15.5, LateShare: 0.5, WorstDelay: 20},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Errorf("delays (-want +got):\n%s", diff)
	}
	if want := (flights.Count{Kept: 3, Dropped: 4}); count != want {
		t.Errorf("count = %+v, want %+v", count, want)
	}
}

func TestDelaysRefusesStrangeInput(t *testing.T) {
	t.Parallel()
	for name, csv := range map[string]string{
		"no header":      "",
		"missing column": "year,month\n2013,1\n",
		"ragged":         "year,month,carrier,flight,origin,dep_delay,arr_delay,time_hour\n2013\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := flights.Delays(gzipped(t, csv)); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, _, err := flights.Delays(strings.NewReader("not gzip")); err == nil {
		t.Error("what is not gzip: no error")
	}
}

func TestMonth(t *testing.T) {
	t.Parallel()
	archive := filepath.Join("..", "..", flights.Archive)
	if _, err := os.Stat(archive); err != nil {
		t.Skipf("scripts/setup brings the flights: %v", err)
	}
	first, err := flights.Month(archive, 1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := flights.Month(archive, 1)
	if err != nil || !bytes.Equal(first, again) {
		t.Errorf("the same month gives other bytes (%v)", err)
	}
	_, count, err := flights.Delays(bytes.NewReader(first))
	if want := (flights.Count{Kept: 26398, Dropped: 606}); err != nil || count != want {
		t.Errorf("January: %+v, %v, want %+v", count, err, want)
	}
	if _, err := flights.Month(archive, 13); err == nil {
		t.Error("month 13: no error")
	}
}
