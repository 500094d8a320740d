package footer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"ephemr/internal/dataset"
	"ephemr/internal/fault"
)

const (
	// parallel is the number of files that are read at the same time.
	parallel = 8

	// Mixed is the type of a column whose files do not agree.
	Mixed = "mixed"

	// Partition is the type of a column that is in the names of folders.
	Partition = "partition"

	hiveNull = "__HIVE_DEFAULT_PARTITION__"
)

// Summary is what the footers of a dataset say.
type Summary struct {
	Rows      int64     `json:"rows"`
	Bytes     int64     `json:"bytes"` // of the files
	Files     int       `json:"files"`
	RowGroups int       `json:"rowGroups"`
	Columns   []Merged  `json:"columns"`
	Broken    []Problem `json:"broken"`           // files that are left out
	Unread    int       `json:"unread,omitempty"` // files that are left out, because Until said so

	Groups map[string]map[string]int `json:"-"` // files by type, of columns that have columns below them

	Reads     int64 `json:"reads"` // requests
	BytesRead int64 `json:"bytesRead"`
}

// Merged is a column of all files that have it.
type Merged struct {
	Column

	Files int            `json:"files"`           // that have it
	Types map[string]int `json:"types,omitempty"` // number of files by type, of a mixed column

	place int // in its file
	types map[string]int
}

// Problem is a file that cannot be used.
type Problem struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Summarize reads the footers of all files. An error means that S3 could not be read;
// a file that is invalid is a Problem.
func Summarize(ctx context.Context, files []dataset.Object) (Summary, error) {
	return Until(ctx, files, func(int64) bool { return false })
}

// Until is Summarize until enough is true for the number of bytes that were read. The
// sizes of files that are left out are part of the summary, their rows are not.
func Until(ctx context.Context, files []dataset.Object, enough func(bytesRead int64) bool) (Summary, error) {
	a := &all{columns: map[string]*Merged{}, memory: semaphore.NewWeighted(Largest)}
	a.Broken, a.Files, a.Groups = []Problem{}, len(files), map[string]map[string]int{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for i, o := range files {
		if enough(atomic.LoadInt64(&a.BytesRead)) {
			a.leave(files[i:])
			break
		}
		g.Go(func() error { return a.read(ctx, o) })
	}
	if err := g.Wait(); err != nil {
		return Summary{}, err
	}
	a.partitions(files)
	return a.sorted(), nil
}

// all is a Summary that grows.
type all struct {
	Summary

	mu      sync.Mutex
	columns map[string]*Merged
	memory  *semaphore.Weighted // bytes of large footers
}

// leave leaves files out.
func (a *all) leave(files []dataset.Object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Unread = len(files)
	for _, o := range files {
		a.Bytes += o.Size
	}
}

func (a *all) read(ctx context.Context, o dataset.Object) error {
	r := &counted{r: o.Reader(ctx), all: a}
	f, err := Read(r, o.Size, func(bytes int64) (func(), error) {
		return func() { a.memory.Release(bytes) }, a.memory.Acquire(ctx, bytes)
	})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Bytes += o.Size
	if why, broken := errors.AsType[*InvalidError](err); broken {
		a.Broken = append(a.Broken, Problem{o.Key, why.Why})
		return nil
	}
	switch fault.Code(err) {
	case "PreconditionFailed", "NoSuchKey":
		a.Broken = append(a.Broken, Problem{o.Key, "was replaced or deleted after it was listed"})
		return nil
	}
	if err != nil {
		return err
	}
	a.Rows += f.Rows
	a.RowGroups += f.RowGroups
	for name, typ := range f.Groups {
		if a.Groups[name] == nil {
			a.Groups[name] = map[string]int{}
		}
		a.Groups[name][typ]++
	}
	for place, c := range f.Columns {
		a.add(place, c)
	}
	return nil
}

func (a *all) add(place int, c Column) {
	m, known := a.columns[c.Name]
	if !known {
		m = &Merged{Column: c, place: place, types: map[string]int{}}
		a.columns[c.Name] = m
	} else {
		m.merge(c)
	}
	m.Files++
	m.types[c.Type]++
	m.place = min(m.place, place)
}

// sorted orders columns as in the files.
func (a *all) sorted() Summary {
	s := a.Summary
	s.Columns = []Merged{}
	for _, m := range a.columns {
		if len(m.types) > 1 {
			m.Type, m.Types, m.Min, m.Max = Mixed, m.types, nil, nil
		}
		s.Columns = append(s.Columns, *m)
	}
	slices.SortFunc(s.Columns, func(x, y Merged) int { return cmp.Or(cmp.Compare(x.place, y.place), cmp.Compare(x.Name, y.Name)) })
	slices.SortFunc(s.Broken, func(x, y Problem) int { return cmp.Compare(x.File, y.File) })
	return s
}

// partitions adds the columns that are in the names of folders, before the others.
func (a *all) partitions(files []dataset.Object) {
	values := map[string][]string{}
	for _, o := range files {
		for name, value := range o.Partition() {
			values[name] = append(values[name], value)
		}
	}
	for name, texts := range values {
		if a.columns[name] == nil {
			a.columns[name] = partition(name, texts)
		}
	}
}

// partition compares values as numbers if all are numbers. How many rows have none is not known.
func partition(name string, texts []string) *Merged {
	m := &Merged{Column: Column{Name: name, Type: Partition}, Files: len(texts), place: -1}
	named := slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == hiveNull })
	if len(named) == len(texts) {
		m.Nulls = new(int64)
	}
	whole := !slices.ContainsFunc(named, func(s string) bool {
		_, err := strconv.ParseInt(s, 10, 64)
		return err != nil
	})
	for i, s := range named {
		v := Value{kind: text, s: s}
		if whole {
			n, _ := strconv.ParseInt(s, 10, 64) // is one
			v = Value{kind: signed, i: n}
		}
		b := &Bound{v, true}
		if i == 0 {
			m.Min, m.Max = b, b
		}
		m.Min, m.Max = bound(m.Min, b, -1), bound(m.Max, b, 1)
	}
	return m
}

// counted counts the requests.
type counted struct {
	r   io.ReaderAt
	all *all
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.r.ReadAt(p, at)
	atomic.AddInt64(&c.all.Reads, 1)
	atomic.AddInt64(&c.all.BytesRead, int64(n))
	return n, err
}
