package laptop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// record is region.json: the processes and their addresses.
type record struct {
	Root     string  `json:"root"`
	Emulator process `json:"emulator"`
	LocalEMR process `json:"localemr"`
}

// process is one of the two servers of a region.
type process struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Health  string `json:"health"`          // path that answers when it can work
	PID     int    `json:"pid"`             // also the id of its process group
	Started int64  `json:"started"`         // in milliseconds since 1970; a pid alone may be reused
	Region  string `json:"region"`          // its directory, as in the environment of the process
	Build   string `json:"build,omitempty"` // digest of the binary
}

// State of a process.
type State string

// The states of a process.
const (
	Healthy State = "healthy"
	Silent  State = "running, but does not answer"
	Gone    State = "not running"
)

func (r record) processes() []process { return []process{r.Emulator, r.LocalEMR} }

// clockStep is how far two readings of one process's creation time may differ.
const clockStep = 2 * time.Second

// alive reports whether p itself runs, not a later process with its pid. Linux
// computes the creation time from the clock, which may have been set since;
// macOS hides the environment of some programs. Either is proof enough.
func (p process) alive() bool {
	if p.PID <= 0 {
		return false
	}
	at := created(p.PID)
	if at == 0 {
		return false
	}
	apart := time.Duration(at-p.Started) * time.Millisecond
	return apart.Abs() < clockStep || belongs(p.PID, p.Region)
}

func (p process) check(ctx context.Context) State {
	switch {
	case !p.alive():
		return Gone
	case !p.answers(ctx):
		return Silent
	default:
		return Healthy
	}
}

func (p process) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+p.Health, http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode < http.StatusInternalServerError
}

func readRecord(dir string) (record, error) {
	var r record
	text, err := os.ReadFile(filepath.Join(dir, "region.json")) //nolint:gosec // our own file
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("open region %s: %w", dir, ErrNotRecorded)
	}
	if err != nil {
		return r, fmt.Errorf("open region: %w", err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return record{}, fmt.Errorf("open region %s: %w: its record is broken: %w", dir, ErrNotRunning, err)
	}
	return r, nil
}

// write replaces the record atomically.
func (r record) write(dir string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("record region: %w", err)
	}
	path := filepath.Join(dir, "region.json")
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("record region: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("record region: %w", err)
	}
	return nil
}
