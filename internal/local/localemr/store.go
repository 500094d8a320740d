package localemr

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// store keeps one JSON file for each cluster, replaced as a whole.
type store struct {
	dir  string
	lock *os.File
}

func openStore(data string) (store, error) {
	dir := filepath.Join(data, "state")
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return store{}, fmt.Errorf("make state directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return store{}, fmt.Errorf("lock data directory %s: %w", data, err)
	}
	return store{dir: dir, lock: lock}, nil
}

// lockPatience bounds the wait for a lock.
const lockPatience = time.Second

// lockDir refuses a second server, which would kill the steps of the first one as
// lost. The lock ends with the process. After an unlock a child of this process
// between fork and exec may hold it for a moment.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // a path of ours
	if err != nil {
		return nil, err
	}
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) || time.Since(began) > lockPatience {
			return nil, errors.Join(err, f.Close())
		}
	}
}

func (st store) close() error { return st.lock.Close() }

func (st store) save(c *record) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode cluster %s: %w", c.Cluster.ID, err)
	}
	return WriteFileAtomically(filepath.Join(st.dir, c.Cluster.ID+".json"), b)
}

// load returns the known clusters, oldest first.
func (st store) load() ([]*record, error) {
	entries, err := os.ReadDir(st.dir)
	if err != nil {
		return nil, fmt.Errorf("list state directory: %w", err)
	}
	var records []*record
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue // left by an interrupted write
		}
		c, err := st.read(e.Name())
		if err != nil {
			return nil, err
		}
		records = append(records, c)
	}
	slices.SortFunc(records, func(a, b *record) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number),
			a.Cluster.Status.Timeline.CreationDateTime.Compare(b.Cluster.Status.Timeline.CreationDateTime.Time))
	})
	return records, nil
}

func (st store) read(name string) (*record, error) {
	b, err := os.ReadFile(filepath.Join(st.dir, filepath.Base(name)))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	c := &record{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("decode state %s: %w", name, err)
	}
	return c, nil
}

// WriteFileAtomically writes a file so that a reader sees all of it or nothing.
func WriteFileAtomically(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// save writes c to disk. A full disk must not stop a cluster, so errors are logged.
func (s *Server) save(ctx context.Context, c *record) {
	if err := s.store.save(c); err != nil {
		s.log.ErrorContext(ctx, "save cluster", "cluster", c.Cluster.ID, "error", err)
	}
}
