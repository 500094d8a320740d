// Package transfer is ephemr upload: files to S3.
package transfer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/progress"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/transfer"
)

// Options of the command.
type Options struct {
	Sources       []string
	Target        string // s3://BUCKET/PREFIX/ or s3://BUCKET/KEY; BUCKET may be a zone of the lake
	Exclude, Last []string
	Parallel      int
	Force, DryRun bool
	JSON          bool
}

// Report is what -o json prints.
type Report struct {
	Target  string            `json:"target"`
	Files   []transfer.Result `json:"files"`
	Bytes   int64             `json:"bytes"`
	Sent    int64             `json:"sentBytes"`
	Seconds float64           `json:"seconds"`
	DryRun  bool              `json:"dryRun,omitempty"`
}

const maxParallel = 64

// wouldUpload is the state of files in a dry run.
const wouldUpload = "planned"

// Run uploads files. connect finds S3 and the zones of the lake.
func Run(ctx context.Context, o Options, io *terminal.IO, connect func(context.Context) (*session.S3, error)) error {
	rest, ok := strings.CutPrefix(o.Target, "s3://")
	bucket, prefix, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return exit.Usage("invalid target %q: use s3://BUCKET/PREFIX/ for files below a prefix, or s3://BUCKET/KEY for one file", o.Target)
	}
	if o.Parallel < 1 || o.Parallel > maxParallel {
		return exit.Usage("invalid --parallel %d: use a number from 1 to %d", o.Parallel, maxParallel)
	}
	first, last, err := transfer.Selection{Sources: o.Sources, Prefix: prefix, Exclude: o.Exclude, Last: o.Last}.Plan()
	if err != nil {
		return exit.Usage("%w", err)
	}
	client, err := connect(ctx)
	if err != nil {
		return err
	}
	bucket = client.Bucket(bucket)
	r := Report{Target: "s3://" + bucket + "/" + prefix, DryRun: o.DryRun}
	if o.DryRun {
		for _, f := range slices.Concat(first, last) {
			r.Files = append(r.Files, transfer.Result{Source: f.Path, URI: "s3://" + bucket + "/" + f.Key, State: wouldUpload, Bytes: f.Size})
		}
		return r.print(io, o.JSON)
	}
	bar := progress.New(io, o.JSON).Begin("uploading")
	began := time.Now()
	u := transfer.Upload{S3: client, Bucket: bucket, Parallel: o.Parallel, Force: o.Force, Progress: bar.Update}
	r.Files, err = u.Run(ctx, first, last)
	bar.End()
	r.Seconds = time.Since(began).Seconds()
	if err != nil {
		io.Notef("%d of %s complete; the same command uploads the rest\n", len(r.Files), terminal.Count(len(first)+len(last), "file"))
		return err //nolint:wrapcheck // names the file and the object
	}
	return r.print(io, o.JSON)
}

func (r Report) print(io *terminal.IO, json bool) error {
	count := map[string]int{}
	for _, f := range r.Files {
		r.Bytes += f.Bytes
		r.Sent += f.Sent
		count[f.State]++
	}
	if json {
		return io.JSON(r)
	}
	if r.DryRun {
		var rows [][]string
		for _, f := range r.Files {
			rows = append(rows, []string{f.Source, f.URI, terminal.Bytes(f.Bytes)})
		}
		io.Table([]string{"SOURCE", "OBJECT", "SIZE"}, rows)
		return nil
	}
	var states []string
	for _, s := range []string{transfer.Uploaded, transfer.Resumed, transfer.Unchanged} {
		if n := count[s]; n > 0 {
			states = append(states, fmt.Sprintf("%d %s", n, s))
		}
	}
	io.Printf("%s, %s, to %s in %s: %s\n", terminal.Count(len(r.Files), "file"), terminal.Bytes(r.Bytes), r.Target,
		terminal.Duration(time.Duration(r.Seconds*float64(time.Second))), strings.Join(states, ", "))
	return nil
}
