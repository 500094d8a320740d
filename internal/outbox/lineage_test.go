package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/outbox"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

const apiKey = "key-4711"

// lined is a stand whose lineage events go to an address.
func lined(t *testing.T, url string, client *http.Client) (stand, *awsfake.S3, *awsfake.SecretsManager) {
	t.Helper()
	s := newStand(t)
	objects, secrets := awsfake.NewS3("logs"), awsfake.NewSecretsManager()
	secrets.Put("ephemr/marquez", apiKey)
	s.Sender.Lineage = &outbox.Lineage{
		Settings: stage.Settings{LogsBucket: "logs", Lineage: stage.Lineage{HTTP: stage.LineageHTTP{URL: url, Secret: "ephemr/marquez"}}},
		S3:       objects, Secrets: secrets, Client: client,
	}
	return s, objects, secrets
}

// event records an event, and leaves its object.
func (s stand) event(objects *awsfake.S3, key string) {
	s.t.Helper()
	if err := s.Store.PutLineage(s.t.Context(), key); err != nil {
		s.t.Fatal(err)
	}
	objects.Place("logs", key, []byte(`{"key":"`+key+`"}`))
}

// TestLineageByHTTP: a server gets each event once, with the key.
func TestLineageByHTTP(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) {
		body, _ := io.ReadAll(in.Body) // an incomplete body differs
		mu.Lock()
		defer mu.Unlock()
		got = append(got, strings.Join([]string{in.Method, in.URL.Path, in.Header.Get("Authorization"), in.Header.Get("Content-Type"), string(body)}, " "))
	}))
	defer server.Close()
	s, objects, secrets := lined(t, server.URL+"/api/v1/lineage", outbox.NewClient(time.Minute))
	s.event(objects, "lineage/a")
	s.event(objects, "lineage/b")
	s.event(objects, "lineage/a") // the function was interrupted, and has recorded it again
	for range 2 {
		if err := s.tick(); err != nil {
			t.Error(err)
		}
		s.event(objects, "lineage/a")
	}
	slices.Sort(got)
	const head = "POST /api/v1/lineage Bearer " + apiKey + " application/json "
	if diff := cmp.Diff([]string{head + `{"key":"lineage/a"}`, head + `{"key":"lineage/b"}`}, got); diff != "" || secrets.Calls("GetSecretValue") != 1 {
		t.Errorf("%d reads of the key (-want +got)\n%s", secrets.Calls("GetSecretValue"), diff)
	}
}

// TestRedirect: the key goes to the server of the stage's file only, and an answer is awaited
// for a limited time.
func TestRedirect(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) {
		t.Errorf("the other server was called with %q", in.Header.Get("Authorization"))
	}))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	s, objects, _ := lined(t, server.URL, outbox.NewClient(time.Minute))
	s.event(objects, "lineage/a")
	if err := s.tick(); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("a redirect: %v", err)
	}
	end := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-end }))
	defer silent.Close()
	defer close(end)
	s, objects, _ = lined(t, silent.URL, outbox.NewClient(10*time.Millisecond))
	s.event(objects, "lineage/a")
	if err := s.tick(); err == nil {
		t.Error("no answer is no error")
	}
}

// answers is a server: what it says to the n-th call, and the events that it has taken.
type answers struct {
	say   func(n int, body string) (status int, err error)
	calls int
	taken []string
}

func (a *answers) RoundTrip(in *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	a.calls++
	status, err := a.say(a.calls, string(body))
	if err != nil {
		return nil, err
	}
	if status < 300 {
		a.taken = append(a.taken, string(body))
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("got " + in.Header.Get("Authorization")))}, nil
}

// TestServerIsDown: whatever a server answers for an hour, each event is sent when it is back.
// While it is down, one event is tried at a time, and notices are sent.
func TestServerIsDown(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func() (int, error){
		"unreachable":   func() (int, error) { return 0, errors.New("dial tcp: connection refused") },
		"unavailable":   func() (int, error) { return http.StatusServiceUnavailable, nil },
		"throttled":     func() (int, error) { return http.StatusTooManyRequests, nil },
		"wrong key":     func() (int, error) { return http.StatusUnauthorized, nil },
		"wrong address": func() (int, error) { return http.StatusNotFound, nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				back := time.Now().Add(time.Hour)
				server := &answers{say: func(int, string) (int, error) {
					if time.Now().Before(back) {
						return answer()
					}
					return http.StatusCreated, nil
				}}
				s, objects, _ := lined(t, "https://m.example.com", &http.Client{Transport: server})
				for _, key := range []string{"lineage/a", "lineage/b", "lineage/c"} {
					s.event(objects, key)
				}
				s.fail(1)
				if err := s.tick(); err == nil || strings.Contains(err.Error(), apiKey) || server.calls != 1 {
					t.Errorf("%d calls: %v", server.calls, err)
				}
				if runs, _ := s.counted(); runs != 1 {
					t.Error("the notice was not sent")
				}
				for range 90 {
					time.Sleep(time.Minute)
					_ = s.tick() // until it is back
				}
				slices.Sort(server.taken)
				if diff := cmp.Diff([]string{`{"key":"lineage/a"}`, `{"key":"lineage/b"}`, `{"key":"lineage/c"}`}, server.taken); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			})
		})
	}
}

// TestRefusedEvent: an event that the server refuses for good is not sent again, and delays
// no other.
func TestRefusedEvent(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity} {
		synctest.Test(t, func(t *testing.T) {
			server := &answers{say: func(_ int, body string) (int, error) {
				if strings.Contains(body, "bad") {
					return status, nil
				}
				return http.StatusOK, nil
			}}
			s, objects, _ := lined(t, "https://m.example.com", &http.Client{Transport: server})
			s.event(objects, "lineage/bad")
			s.event(objects, "lineage/good")
			for range 60 {
				if err := s.tick(); err != nil {
					t.Errorf("%d: %v", status, err)
				}
				time.Sleep(time.Minute)
			}
			if server.calls != 2 || len(server.taken) != 1 {
				t.Errorf("%d: %d calls, taken %q", status, server.calls, server.taken)
			}
		})
	}
}

// TestMissingEvent: an event is sent when its object is there, and given up after a day without.
func TestMissingEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &answers{say: func(int, string) (int, error) { return http.StatusOK, nil }}
		s, objects, _ := lined(t, "https://m.example.com", &http.Client{Transport: server})
		for _, key := range []string{"lineage/late", "lineage/never"} {
			if err := s.Store.PutLineage(t.Context(), key); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 3 * 24 * 60 {
			if n == 30 {
				objects.Place("logs", "lineage/late", []byte("{}"))
			}
			_ = s.tick() // the objects are missing
			time.Sleep(time.Minute)
		}
		if err := s.tick(); err != nil || len(server.taken) != 1 {
			t.Errorf("%v, taken %q", err, server.taken)
		}
	})
}

// TestKeyIsNotLogged: not the key, nor what the server answers.
func TestKeyIsNotLogged(t *testing.T) { //nolint:paralleltest // it replaces the logger
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized} {
		server := &answers{say: func(int, string) (int, error) { return status, nil }}
		s, objects, _ := lined(t, "https://m.example.com", &http.Client{Transport: server})
		s.event(objects, "lineage/a")
		if err := s.tick(); err != nil && strings.Contains(err.Error(), apiKey) {
			t.Error(err)
		}
	}
	if strings.Contains(log.String(), apiKey) || !strings.Contains(log.String(), "lineage event sent") || !strings.Contains(log.String(), "not delivered") {
		t.Error(log.String())
	}
}

var _ interface {
	PutLineage(ctx context.Context, key string) error
} = (*outbox.Store)(nil)
