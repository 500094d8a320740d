package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// region is S3 and CloudWatch Logs over HTTP, as far as the runner calls them.
type region struct {
	*httptest.Server
	mu       sync.Mutex
	objects  map[string][]byte // by /bucket/key
	streams  map[string][]string
	throttle int           // so many PutLogEvents are refused
	busy     int           // so many PUTs of a result are refused
	said     chan struct{} // closed at the first event
	once     sync.Once
}

func newRegion(t *testing.T) *region {
	t.Helper()
	r := &region{objects: map[string][]byte{}, streams: map[string][]string{}, said: make(chan struct{})}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// stream returns the messages of a log stream.
func (r *region) stream(name string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.streams[name])
}

func (r *region) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if target := req.Header.Get("X-Amz-Target"); target != "" {
		r.logs(w, target, body)
		return
	}
	r.storage(w, req, body)
}

func (r *region) storage(w http.ResponseWriter, req *http.Request, body []byte) {
	refuse := func(status int, code string) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code></Error>")
	}
	key := req.URL.Path
	object, ok := r.objects[key]
	switch {
	case req.Method == http.MethodPut && ok && req.Header.Get("If-None-Match") == "*":
		refuse(http.StatusPreconditionFailed, "PreconditionFailed")
	case req.Method == http.MethodPut && strings.HasSuffix(key, "result.json") && r.busy > 0:
		r.busy--
		refuse(http.StatusServiceUnavailable, "SlowDown")
	case req.Method == http.MethodPut:
		r.objects[key] = body
	case !ok:
		refuse(http.StatusNotFound, "NoSuchKey")
	default:
		_, _ = w.Write(object)
	}
}

func (r *region) logs(w http.ResponseWriter, target string, body []byte) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var in struct {
		LogStreamName string
		LogEvents     []struct{ Message string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if strings.HasSuffix(target, ".PutLogEvents") && r.throttle > 0 {
		r.throttle--
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
		return
	}
	for _, e := range in.LogEvents {
		r.streams[in.LogStreamName] = append(r.streams[in.LogStreamName], e.Message)
		r.once.Do(func() { close(r.said) })
	}
	_, _ = io.WriteString(w, "{}")
}
