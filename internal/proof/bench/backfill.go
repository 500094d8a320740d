package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"ephemr/internal/backfill"
	"ephemr/internal/local/laptop"
	"ephemr/internal/records"
	"ephemr/internal/run"
)

// Backfill is how fast a backfill of many dates is planned, and its runs recorded.
type Backfill struct {
	Dates    int     `json:"dates"`
	Runs     int     `json:"runs"`
	Planned  Seconds `json:"planned"`  // ephemr backfill --dry-run
	Recorded Seconds `json:"recorded"` // from ephemr backfill until all runs are recorded
	Begun    Seconds `json:"begun"`    // from ephemr backfill until its first run is admitted
	Written  Seconds `json:"written"`  // as many transactions of two items as runs
}

// values are those of each date.
var values = []string{"a", "b", "c", "d", "e"}

const (
	backfillName = "many-dates"
	concurrent   = 16 // writes, as many as the calendar function does
)

// measureBackfill records the runs of n dates in a region of its own.
func (r *Report) measureBackfill(ctx context.Context, n int, log io.Writer) (err error) {
	region, err := open(ctx, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, region.close(ctx)) }()
	file := "pipeline: " + backfillName + "\ncluster: {profile: small}\ntriggers: [{schedule: \"0 3 * * *\"}]\nparams: {value: {}}\nmatrix: {value: [" +
		strings.Join(values, ", ") + "]}\njobs: [{name: wait, type: bash, source: jobs/wait}]\n"
	if err := region.applyFile(ctx, backfillName, file, "jobs/wait/run.sh", "sleep 3600\n"); err != nil {
		return err
	}
	last := time.Now().UTC().AddDate(0, 0, -1)
	args := []string{"backfill", backfillName, "--from", last.AddDate(0, 0, 1-n).Format(time.DateOnly), "--to", last.Format(time.DateOnly)}
	b := &Backfill{Dates: n, Runs: n * len(values)}
	r.Backfill = b
	begun := time.Now()
	if _, err := region.ephemr(ctx, append(args, "--dry-run", "-o", "json")...); err != nil {
		return err
	}
	b.Planned = Seconds(time.Since(begun))
	_, _ = fmt.Fprintf(log, "backfill: %d runs planned in %s\n", b.Runs, time.Since(begun).Round(time.Millisecond))
	begun = time.Now()
	out, err := region.ephemr(ctx, append(args, "-o", "json")...)
	if err != nil {
		return err
	}
	var started backfill.Backfill
	if err := json.Unmarshal(out, &started); err != nil {
		return fmt.Errorf("read backfill: %w", err)
	}
	if err := region.recorded(ctx, started.ID, begun, b); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(log, "backfill: %d runs recorded in %s\n", b.Runs, time.Duration(b.Recorded).Round(time.Millisecond))
	if _, err := region.ephemr(ctx, "backfill", "pause", started.ID); err != nil {
		return err
	}
	b.Written, err = region.writes(ctx, b.Runs)
	return err
}

// ephemr runs the CLI.
func (r *region) ephemr(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(r.Root, "dist", "bin", "ephemr"), args...) //nolint:gosec // our own binary
	cmd.Env = laptop.Overlay(os.Environ(), r.Environ())
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ephemr %s: %w\n%s", strings.Join(args, " "), err, complaint.String())
	}
	return out, nil
}

// recorded waits until all runs of a backfill are recorded and its first is admitted.
func (r *region) recorded(ctx context.Context, id string, begun time.Time, b *Backfill) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute+time.Duration(b.Runs)*100*time.Millisecond)
	defer cancel()
	store := &backfill.Store{DB: dynamodb.NewFromConfig(r.Config()), Table: r.settings.RunsTable, Slots: r.settings.ClustersTable}
	for b.Recorded == 0 || b.Begun == 0 {
		found, err := store.Head(ctx, id)
		if err != nil {
			return err
		}
		if found.Recorded == found.Total && b.Recorded == 0 {
			b.Recorded, b.Runs = Seconds(time.Since(begun)), found.Total
		}
		if err := r.begun(ctx, begun, b); err != nil {
			return err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("%d of %d runs recorded: %w", found.Recorded, found.Total, ctx.Err())
		}
	}
	return nil
}

// begun notes when the first run was admitted.
func (r *region) begun(ctx context.Context, since time.Time, b *Backfill) error {
	for _, state := range []run.State{run.Admitted, run.Running} {
		active, err := r.runs.List(ctx, run.Query{State: state, Limit: 1})
		if err != nil {
			return err
		}
		if len(active) > 0 && b.Begun == 0 {
			b.Begun = Seconds(active[0].AdmittedAt.Sub(since))
		}
	}
	return nil
}

// writes does n transactions of two items each, and returns how long they took.
func (r *region) writes(ctx context.Context, n int) (Seconds, error) {
	db := dynamodb.NewFromConfig(r.Config())
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	begun := time.Now()
	for i := range n {
		group.Go(func() error {
			in := &dynamodb.TransactWriteItemsInput{}
			for _, sort := range []string{"BENCH", "SPEC"} {
				in.TransactItems = append(in.TransactItems, types.TransactWriteItem{Put: &types.Put{TableName: &r.settings.RunsTable, Item: records.Item{
					records.PartitionName: records.String("bench-" + strconv.Itoa(i)), records.SortName: records.String(sort), "text": records.String(strings.Repeat("x", 500)),
				}}})
			}
			_, err := db.TransactWriteItems(ctx, in)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("write transactions: %w", err)
	}
	return Seconds(time.Since(begun)), nil
}
