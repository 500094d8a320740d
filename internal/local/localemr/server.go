package localemr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Server is one account's EMR in one Region.
type Server struct {
	cfg        Config
	log        *slog.Logger
	operations map[string]operation
	store      store
	faults     *faultList
	calls      *callCounter
	buckets    *buckets
	events     *eventQueue
	processes  sweeper
	fleet      sync.WaitGroup // the goroutines of clusters and steps
	stop       context.CancelFunc
	stopped    context.Context // done when the server closes; outlives every request

	mu       sync.Mutex
	live     Settings
	random   *rand.Rand
	account  account
	clusters map[string]*record
	order    []*record // oldest first
}

// New opens the data directory and resumes its clusters. The caller must call Close.
func New(cfg Config) (*Server, error) {
	cfg.setDefaults()
	if err := cfg.Settings.validate(); err != nil {
		return nil, err
	}
	if err := cfg.resolve(); err != nil {
		return nil, err
	}
	book, err := newFaultList(cfg.Faults, cfg.Settings.Seed)
	if err != nil {
		return nil, err
	}
	st, err := openStore(cfg.Data)
	if err != nil {
		return nil, err
	}
	known, err := st.load()
	if err != nil {
		return nil, errors.Join(err, st.close())
	}
	own, err := st.loadAccount()
	if err != nil {
		return nil, errors.Join(err, st.close())
	}
	s := &Server{
		cfg: cfg, log: cfg.Logger, store: st, faults: book,
		calls: newCallCounter(), buckets: newBuckets(),
		live: cfg.Settings, random: newRandom(cfg.Settings.Seed),
		account: own, clusters: map[string]*record{},
	}
	s.stopped, s.stop = context.WithCancel(context.Background())
	s.operations = s.operationTable()
	s.events = startEvents(s.stopped, cfg, book)
	s.sweepLost(known)
	for _, c := range known {
		s.resume(c)
	}
	return s, nil
}

func newRandom(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // jitter that a seed repeats, not a secret
}

// Handler serves the EMR API at / and the admin API at /_localemr/.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", s.serveEMR)
	s.addAdmin(mux)
	return mux
}

// Close ends the processes of all steps, keeps the clusters on disk as they
// are and returns when nothing runs any more, within about two seconds.
func (s *Server) Close() error {
	s.stop()
	for _, a := range s.everyAttempt() {
		a.signal(sigTerm)
	}
	idle := make(chan struct{})
	go func() { s.fleet.Wait(); close(idle) }()
	select {
	case <-idle:
	case <-time.After(time.Second):
		for _, a := range s.everyAttempt() {
			a.signal(sigKill)
		}
		<-idle
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	s.processes.sweep(func(cluster, _ string) bool { return s.clusters[cluster] != nil })
	s.endOrphans()
	for _, c := range s.order {
		if !c.over() {
			errs = append(errs, s.store.save(c))
		}
	}
	s.events.close()
	return errors.Join(append(errs, s.store.close())...)
}

func (s *Server) everyAttempt() []*attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*attempt
	for _, c := range s.order {
		for _, a := range c.attempts {
			all = append(all, a)
		}
	}
	return all
}

func (s *Server) settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live
}

// find returns a cluster by id, for the operations with ClusterId.
// s.mu must be held.
func (s *Server) find(id string) (*record, error) {
	if c := s.clusters[id]; c != nil {
		return c, nil
	}
	return nil, invalid("NoSuchCluster", "Cluster id '%s' is not valid.", id)
}

func (s *Server) nameOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clusters[id]; c != nil {
		return c.Cluster.Name
	}
	return id
}

// workDir is the home of a cluster's processes.
func (s *Server) workDir(id string) string { return filepath.Join(s.cfg.Data, id) }

func makeDir(elem ...string) (string, error) {
	dir := filepath.Join(elem...)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	return dir, nil
}
