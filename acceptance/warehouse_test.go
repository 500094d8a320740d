package acceptance_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go/deprecated"

	"ephemr/internal/run"
)

// order is a row of the table orders, as the loader knows it.
type order struct {
	ID     int64   `json:"id"`
	Store  int32   `json:"store"`
	Second int64   `json:"second"`
	Status string  `json:"status"`
	Cents  int64   `json:"cents"`
	Note   *string `json:"note"`
}

// orderRow is one as Hive writes it.
type orderRow struct {
	ID     int64            `parquet:"order_id,optional"`
	Store  int32            `parquet:"store_id,optional"`
	At     deprecated.Int96 `parquet:"ordered_at,optional"`
	Status string           `parquet:"status,optional"`
	Amount int64            `parquet:"amount,optional,decimal(2:10)"`
	Note   *string          `parquet:"note,optional"`
}

// second is the time of a row since 1970: Hive writes the nanoseconds of the day, and the Julian day.
func (r orderRow) second() int64 {
	return (int64(r.At[2])-2_440_588)*86_400 + int64(uint64(r.At[1])<<32|uint64(r.At[0]))/int64(time.Second) //nolint:gosec // of one day
}

type session struct {
	Session  string `parquet:"session,optional"     json:"session"`
	Customer int64  `parquet:"customer_id,optional" json:"customer_id"`
	Pages    int32  `parquet:"pages,optional"       json:"pages"`
	Seconds  int32  `parquet:"seconds,optional"     json:"seconds"`
}

// The example on real systems: an export that is killed in the middle continues, and no
// row of a day is missing or doubled, in tables and in the archive.
func TestWarehouse(t *testing.T) {
	if !*examples {
		t.Skip("needs FerretDB and Redis: make examples")
	}
	const date, rows, partRows = "2026-11-29", 20_000, 500
	began, dir := time.Now(), t.TempDir()
	var s struct{ MongoDB, Redis, Logs string }
	w.serve(t, &s, "scripts/examples/warehouse.py", "--date", date, "--orders", strconv.Itoa(rows), "--sessions", strconv.Itoa(rows), "--expect", dir)
	w.applyExample(t, "warehouse", "0 3 * * *")
	passwords := w.passwords(t, "mongodb", "redis")

	id := strings.TrimSpace(w.ephemr(t, "start", "warehouse", "--date", "2026-11-30", "--param", "mongodb="+s.MongoDB, "--param", "redis="+s.Redis,
		"--param", "partRows="+strconv.Itoa(partRows)))
	w.killExport(t, "warehouse/orders/_checkpoints/"+date+".json", "--address="+s.MongoDB)
	rec := w.good(t, id)
	w.continued(t, rec, rows, partRows)
	t.Logf("%d documents and %d keys: %.1f s from request to tables and archive", rows, rows, rec.Run.EndedAt.Sub(rec.Run.RequestedAt).Seconds())

	var got []order
	for _, r := range tableOf[orderRow](t, "warehouse/orders/dt="+date+"/") {
		got = append(got, order{r.ID, r.Store, r.second(), r.Status, r.Amount, r.Note})
	}
	slices.SortFunc(got, func(a, b order) int { return cmp.Compare(a.ID, b.ID) })
	same(t, "orders", expectedOf[order](t, filepath.Join(dir, "orders")), got)

	sessions := tableOf[session](t, "warehouse/sessions/dt="+date+"/")
	want := expectedOf[session](t, filepath.Join(dir, "sessions"))
	for _, all := range [][]session{sessions, want} {
		slices.SortFunc(all, func(a, b session) int { return cmp.Compare(a.Session, b.Session) })
	}
	same(t, "sessions", want, sessions)

	w.archived(t, date, rows)
	w.hidden(t, s.Logs, 5, began, passwords)
}

// killExport kills an exporter that has written a part, and not all of them.
func (w *world) killExport(t *testing.T, checkpoint, argument string) {
	t.Helper()
	eventually(t, "a checkpoint", func() (bool, string) {
		_, err := w.s3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(w.settings.Lake["raw"]), Key: &checkpoint})
		return err == nil, ""
	})
	killed := 0
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		text, err := os.ReadFile(name) //nolint:gosec // of the kernel
		if err != nil || !bytes.Contains(text, []byte("\x00"+argument+"\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			t.Fatal(err)
		}
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed == 0 {
		t.Fatal("no exporter runs")
	}
}

// continued checks that the second attempt of the export wrote the rest only.
func (w *world) continued(t *testing.T, rec *run.Record, rows, partRows int) {
	t.Helper()
	j := rec.Job("export-orders")
	want := map[string]string{"rows": strconv.Itoa(rows), "parts": strconv.Itoa(rows / partRows)}
	if diff := gocmp.Diff(want, j.Outputs); diff != "" || j.Attempt != 2 {
		t.Errorf("attempt %d, outputs (-want +got):\n%s", j.Attempt, diff)
	}
	logs := w.ephemr(t, "logs", rec.Run.ID)
	_, said, ok := strings.Cut(logs, "continues after ")
	n, err := strconv.Atoi(strings.Fields(said + " -")[0])
	if !ok || err != nil || n < partRows || n >= rows {
		t.Errorf("the second attempt continued after %d rows: %v\n%s", n, err, logs)
	}
	t.Logf("the export was killed and continued after %d of %d documents", n, rows)
}

// archived checks that the raw parts have become one object per source.
func (w *world) archived(t *testing.T, date string, rows int) {
	t.Helper()
	raw := w.settings.Lake["raw"]
	for source, key := range map[string]string{"orders": "id", "sessions": "key"} {
		for _, prefix := range []string{"warehouse/" + source + "/dt=" + date, "warehouse/" + source + "/_checkpoints/" + date} {
			if left := keysOf(t, raw, prefix); len(left) != 0 {
				t.Errorf("left in the raw zone: %d objects below %s", len(left), prefix)
			}
		}
		z, err := gzip.NewReader(bytes.NewReader(objectOf(t, raw, "warehouse/_archive/"+source+"/"+date+".json.gz")))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		distinct := map[string]bool{}
		for line := range bytes.Lines(text) {
			var document map[string]any
			if err := json.Unmarshal(line, &document); err != nil {
				t.Fatal(err)
			}
			id, err := json.Marshal(document[key])
			if err != nil {
				t.Fatal(err)
			}
			distinct[string(id)] = true
		}
		if len(distinct) != rows {
			t.Errorf("the archive has %d %s, want %d", len(distinct), source, rows)
		}
	}
}
