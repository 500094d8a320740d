package trace_test

import (
	"testing"
	"time"

	"ephemr/internal/proof/bench/trace"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// even are marks 100 ms apart.
func even() trace.Marks {
	var m trace.Marks
	for i := range m {
		m[i] = noon.Add(time.Duration(i) * 100 * time.Millisecond)
	}
	return m
}

func TestHopsAreTheOverhead(t *testing.T) {
	t.Parallel()
	m := even()
	m[trace.Ready] = m[trace.Ready].Add(30 * time.Second) // a slow cluster
	for i := trace.ReadySeen; i <= trace.Finished; i++ {
		m[i] = m[i].Add(30 * time.Second)
	}
	got, ok := m.Overhead()
	want := time.Duration(len(trace.Hops)) * 100 * time.Millisecond
	if !ok || got != want || m.Unexplained() != 0 {
		t.Errorf("overhead %s (%t), unexplained %s; want %s and 0", got, ok, m.Unexplained(), want)
	}
}

// Hops follow one another, and leave out nothing but provisioning and step.
func TestHopsAreWithoutGaps(t *testing.T) {
	t.Parallel()
	at := trace.Sent
	for _, h := range trace.Hops {
		if at == trace.Created && h.From == trace.Ready || at == trace.StepStarted && h.From == trace.StepEnded {
			at = h.From
		}
		if h.From != at {
			t.Errorf("hop %q begins at mark %d, the one before it ended at %d", h.Name, h.From, at)
		}
		at = h.To
	}
	if at != trace.Terminated {
		t.Errorf("the last hop ends at mark %d", at)
	}
}

func TestUnknownMarks(t *testing.T) {
	t.Parallel()
	m := even()
	m[trace.IntakeBegan] = time.Time{}
	if got := m.Unexplained(); got != 200*time.Millisecond {
		t.Errorf("a lost mark leaves %s unexplained, want both of its hops", got)
	}
	m[trace.StepEnded] = time.Time{}
	if d, ok := m.Overhead(); ok || m.Unexplained() != 0 {
		t.Errorf("the overhead is %s without the step's end", d)
	}
}

func TestSample(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name        string
		s           trace.Sample
		median, p90 time.Duration
	}{
		{"empty", nil, 0, 0},
		{"one", trace.Sample{7}, 7, 7},
		{"even number", trace.Sample{40, 10, 30, 20}, 25, 37},
		{"odd number", trace.Sample{30, 10, 20}, 20, 28},
		{"eleven", trace.Sample{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}, 50, 90},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if m, p := tt.s.Median(), tt.s.Quantile(0.9); m != tt.median || p != tt.p90 {
				t.Errorf("median %d and p90 %d, want %d and %d", m, p, tt.median, tt.p90)
			}
		})
	}
}
