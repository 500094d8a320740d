package quality_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"github.com/parquet-go/parquet-go"

	"ephemr/internal/generate"
	"ephemr/internal/job"
	"ephemr/internal/quality"
)

// order is a row of the dataset orders.
type order struct {
	ID       int64     `parquet:"order_id"`
	At       time.Time `parquet:"ordered_at,timestamp(microsecond)"`
	Store    int32     `parquet:"store_id"`
	Customer *int64    `parquet:"customer_id,optional"`
	Status   *string   `parquet:"status,optional"`
	Amount   *int64    `parquet:"amount,optional,decimal(2:10)"`
}

const (
	orders     = 20_000 // rows, half of them in each of two partitions
	firstFile  = "orders/dt=2026-01-01/part-00000.parquet"
	secondFile = "orders/dt=2026-01-02/part-00000.parquet"
)

// generated returns the files of generated data, by key.
func generated(t *testing.T, s generate.Spec) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	s.Seed, s.From, s.Days, s.FileRows, s.Workers = 7, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 2, orders, 1
	if s.Format == "" {
		s.Format = generate.Parquet
	}
	if s.Dataset == "stores" {
		s.Days = 1
	}
	if _, err := generate.Run(t.Context(), s, &generate.Folder{Path: dir}); err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(dir, "dt=*", "part-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		body, err := os.ReadFile(name) //nolint:gosec // the test's file
		if err != nil {
			t.Fatal(err)
		}
		files[s.Dataset+"/"+filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator)))] = body
	}
	return files
}

// rowsOf decodes a file of orders.
func rowsOf(t *testing.T, body []byte) []order {
	t.Helper()
	rows, err := parquet.Read[order](bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// everything is what is expected of the orders of both days.
func everything() []job.Check {
	const orders, raw = "s3://lake/orders/", "s3://lake/raw/"
	return []job.Check{
		{
			Dataset: orders, WrittenBy: job.WrittenByRun, Freshness: "2h", Files: "= 2", FileSize: ">= 10 kB",
			Rows: "= 20000", OnlyColumns: true,
			Columns: map[string]string{
				"dt": "string", "order_id": "long", "ordered_at": "timestamp", "store_id": "int", "customer_id": "long", "status": "string", "amount": "decimal(10,2)",
			},
			NotNull:     []string{"order_id", "customer_id", "amount"},
			Accepted:    map[string][]string{"status": {"new", "paid", "shipped", "delivered", "returned"}},
			Range:       map[string]job.Bounds{"amount": {Min: "1", Max: "500"}, "ordered_at": {Max: "2026-01-03"}, "order_id": {Min: "1"}},
			Pattern:     map[string]string{"status": "[a-z]+"},
			Length:      map[string]job.Bounds{"status": {Min: "3", Max: "9"}},
			FreshnessOf: map[string]string{"ordered_at": "24h"},
			Unique:      []string{"order_id"},
			Relationships: map[string]job.Reference{
				"store_id": {Dataset: "s3://lake/stores/", Column: "store_id"},
			},
		},
		{Dataset: orders, Reconcile: &job.Reconcile{Dataset: raw}},
		{Dataset: orders, Reconcile: &job.Reconcile{Dataset: raw, Sum: "amount", Tolerance: "0.001%"}},
		{Dataset: orders, Partition: "dt=2026-01-02", Range: map[string]job.Bounds{"ordered_at": {Min: "2026-01-02"}}},
		{Dataset: orders, Where: `store_id == 1`, Rows: "<= 20"},
		{Dataset: orders, Where: `status == "returned" and amount > 499`, NotNull: []string{"status"}, Rows: "> 0", AtMost: "1%"},
	}
}

// plant changes a row of a file.
func plant(key string, change func(*order)) func(*testing.T, *lake) {
	return func(t *testing.T, l *lake) {
		t.Helper()
		rows := rowsOf(t, l.objects[key])
		change(&rows[len(rows)/3])
		l.objects[key] = file(t, rows)
	}
}

// from replaces the orders by generated ones with a fault.
func from(s generate.Spec) func(*testing.T, *lake) {
	return func(t *testing.T, l *lake) {
		t.Helper()
		s.Dataset, s.Rows = "orders", orders
		maps.Copy(l.objects, generated(t, s))
	}
}

// TestPlantedFaults plants one fault after the other in 20,000 rows. Each is found by the
// expectation that is about it; the data without faults is as expected.
func TestPlantedFaults(t *testing.T) {
	t.Parallel()
	clean := generated(t, generate.Spec{Dataset: "orders", Rows: orders})
	for key, body := range maps.Clone(clean) {
		clean["raw/"+strings.TrimPrefix(key, "orders/")] = body
	}
	maps.Copy(clean, generated(t, generate.Spec{Dataset: "stores", Rows: generate.Stores}))
	type wider struct {
		order

		Extra string `parquet:"extra"`
	}
	type narrower struct {
		ID int64     `parquet:"order_id"`
		At time.Time `parquet:"ordered_at,timestamp(microsecond)"`
	}
	type retyped struct {
		ID       string    `parquet:"order_id"`
		At       time.Time `parquet:"ordered_at,timestamp(microsecond)"`
		Store    int32     `parquet:"store_id"`
		Customer *int64    `parquet:"customer_id,optional"`
		Status   *string   `parquet:"status,optional"`
		Amount   *int64    `parquet:"amount,optional,decimal(2:10)"`
	}
	tests := map[string]struct {
		plant func(*testing.T, *lake)
		want  string // expectation that is not met
		rows  bool   // with sample rows
	}{
		"nothing":                        {func(*testing.T, *lake) {}, "", false},
		"nulls":                          {from(generate.Spec{Nulls: 0.001}), "column customer_id has no nulls", true},
		"one null":                       {plant(secondFile, func(o *order) { o.Amount = nil }), "column amount has no nulls", true},
		"duplicates":                     {from(generate.Spec{Duplicates: 0.001}), "unique order_id", true},
		"one duplicate in another file":  {plant(secondFile, func(o *order) { o.ID = 1 }), "unique order_id", true},
		"late records":                   {from(generate.Spec{Late: 0.001}), "column ordered_at is at least 2026-01-02", true},
		"skew":                           {from(generate.Spec{Skew: 1}), "rows where store_id == 1 <= 20", false},
		"unknown status":                 {plant(firstFile, func(o *order) { o.Status = new("lost") }), "column status is one of new, paid, shipped, delivered, returned", true},
		"status in upper case":           {plant(firstFile, func(o *order) { o.Status = new("PAID") }), "column status matches [a-z]+", true},
		"trailing space":                 {plant(firstFile, func(o *order) { o.Status = new("paid ") }), "column status matches [a-z]+", true},
		"two words run together":         {plant(firstFile, func(o *order) { o.Status = new("paidshipped") }), "column status has 3 to 9 characters", true},
		"empty text":                     {plant(firstFile, func(o *order) { o.Status = new("") }), "column status has 3 to 9 characters", true},
		"negative amount":                {plant(firstFile, func(o *order) { o.Amount = new(int64(-1_00)) }), "column amount is at least 1 and at most 500", true},
		"amount above the bound by 0.01": {plant(firstFile, func(o *order) { o.Amount = new(int64(500_01)) }), "column amount is at least 1 and at most 500", true},
		"number without sense":           {plant(firstFile, func(o *order) { o.ID = 0 }), "column order_id is at least 1", true},
		"time in the future":             {plant(secondFile, func(o *order) { o.At = o.At.AddDate(0, 0, 2) }), "column ordered_at is at most 2026-01-03", true},
		"time of 1970":                   {plant(secondFile, func(o *order) { o.At = time.Unix(0, 0).UTC() }), "column ordered_at is at least 2026-01-02", true},
		"store that does not exist":      {plant(firstFile, func(o *order) { o.Store = 10_001 }), "column store_id is in store_id of s3://lake/stores/", true},
		"amounts that do not add up":     {plant(firstFile, func(o *order) { o.Amount = new(*o.Amount + 100_00) }), "sum of amount as in s3://lake/raw/", false},
		"missing rows": {func(t *testing.T, l *lake) {
			t.Helper()
			l.objects[firstFile] = file(t, rowsOf(t, l.objects[firstFile])[1:])
		}, "rows = 20000", false},
		"rows that the source has not": {func(_ *testing.T, l *lake) { delete(l.objects, "raw/dt=2026-01-02/part-00000.parquet") }, "rows as in s3://lake/raw/", false},
		"file loaded twice":            {func(_ *testing.T, l *lake) { l.objects["orders/dt=2026-01-01/copy.parquet"] = l.objects[firstFile] }, "files = 2", false},
		"missing column":               {func(t *testing.T, l *lake) { t.Helper(); l.objects[firstFile] = file(t, []narrower{{ID: 9}}) }, "column store_id is int", false},
		"another column": {func(t *testing.T, l *lake) {
			t.Helper()
			l.objects[firstFile] = file(t, []wider{{order: rowsOf(t, l.objects[firstFile])[0]}})
		}, "no columns other than", false},
		"column of another type":  {func(t *testing.T, l *lake) { t.Helper(); l.objects[firstFile] = file(t, []retyped{{ID: "1"}}) }, "column order_id is long", false},
		"nothing new":             {func(_ *testing.T, l *lake) { l.modified = midnight.Add(-3 * time.Hour) }, "newest file at most 2h old", false},
		"data of an earlier run":  {func(_ *testing.T, l *lake) { l.modified = midnight.Add(-2 * time.Hour) }, "written by this run, which began at 2026-01-02T22:59:59Z", false},
		"old values in new files": {func(_ *testing.T, l *lake) { l.objects[secondFile] = l.objects[firstFile] }, "latest ordered_at at most 24h old", false},
		"missing partition":       {func(_ *testing.T, l *lake) { delete(l.objects, secondFile) }, "readable Parquet files", false},
		"file that is too small": {func(t *testing.T, l *lake) {
			t.Helper()
			l.objects[firstFile] = file(t, rowsOf(t, l.objects[firstFile])[:1])
		}, "size of each file >= 10 kB", false},
		"file cut short":                  {func(_ *testing.T, l *lake) { l.objects[firstFile] = l.objects[firstFile][:9_999] }, "readable Parquet files", false},
		"files of another format":         {func(_ *testing.T, l *lake) { l.objects["orders/dt=2026-01-01/part.csv"] = []byte("a\n1\n") }, "readable Parquet files", false},
		"empty dataset":                   {func(_ *testing.T, l *lake) { delete(l.objects, firstFile); delete(l.objects, secondFile) }, "readable Parquet files", false},
		"file without rows":               {func(t *testing.T, l *lake) { t.Helper(); l.objects[secondFile] = file(t, []order{}) }, "rows = 20000", false},
		"file replaced while it is read":  {func(_ *testing.T, l *lake) { l.get = replacedAfter(4) }, "column status is one of", false},
		"pages that cannot be decoded":    {func(_ *testing.T, l *lake) { l.objects[firstFile] = scrambled(l.objects[firstFile]) }, "unique order_id", false},
		"key that is nearly the same one": {plant(secondFile, func(o *order) { o.ID = 20_001 }), "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &lake{objects: maps.Clone(clean), modified: midnight.Add(-time.Hour)}
			tt.plant(t, l)
			c := quality.Checker{S3: l, Now: func() time.Time { return midnight }, Began: midnight.Add(-time.Hour - time.Second)}
			got, err := c.Run(t.Context(), everything())
			if err != nil {
				t.Fatal(err)
			}
			wrong := slices.DeleteFunc(got.Findings, func(f job.Finding) bool { return f.OK })
			if tt.want == "" && len(wrong) > 0 {
				t.Fatalf("found %+v", wrong)
			}
			i := slices.IndexFunc(wrong, func(f job.Finding) bool { return strings.HasPrefix(f.Expect, tt.want) })
			if tt.want != "" && (i < 0 || tt.rows != (len(wrong[i].Samples) > 0)) {
				t.Errorf("found %+v", wrong)
			}
		})
	}
}

// midnight is the end of the second day.
var midnight = time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)

// replacedAfter returns a function that lets S3 refuse an object after a number of reads.
func replacedAfter(reads int) func(string) error {
	var mu sync.Mutex
	n := 0
	return func(key string) error {
		mu.Lock()
		defer mu.Unlock()
		if key != secondFile {
			return nil
		}
		if n++; n > reads {
			return &smithy.GenericAPIError{Code: "PreconditionFailed"}
		}
		return nil
	}
}

// scrambled destroys the pages of a file and leaves its footer.
func scrambled(body []byte) []byte {
	body = slices.Clone(body)
	for i := 4; i < len(body)/2; i++ {
		body[i] ^= 0x5a
	}
	return body
}
