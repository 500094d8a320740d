package trace

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Invocation is one call of a function, as its log shows it.
type Invocation struct {
	Function string
	Began    time.Time // Took before the REPORT line
	Took     time.Duration
	Lines    []map[string]string // what it logged: message, runId and the like, by key
}

// Said returns when it logged the message for a run, to the millisecond.
func (i Invocation) Said(message, runID string) (time.Time, bool) {
	for _, l := range i.Lines {
		if l["message"] != message || l["runId"] != runID {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, l["timestamp"])
		return at, err == nil
	}
	return time.Time{}, false
}

var (
	reportLine = regexp.MustCompile(`^REPORT RequestId: (\S+)\s+Duration: ([\d.]+) ms`)
	attribute  = regexp.MustCompile(`(\w+)=("(?:[^"\\]|\\.)*"|\S*)`)
)

// ReadLog reads the log of a function, as the emulator writes it: slog's text
// between Lambda's own lines. Invocations without a REPORT are left out.
func ReadLog(function string, events []types.FilteredLogEvent) []Invocation {
	found := map[string]*Invocation{} // by request id
	get := func(id string) *Invocation {
		if found[id] == nil {
			found[id] = &Invocation{Function: function}
		}
		return found[id]
	}
	for _, e := range events {
		text := strings.TrimSpace(aws.ToString(e.Message))
		if m := reportLine.FindStringSubmatch(text); m != nil {
			ms, _ := strconv.ParseFloat(m[2], 64)
			i := get(m[1])
			i.Took = time.Duration(ms * float64(time.Millisecond))
			i.Began = time.UnixMilli(aws.ToInt64(e.Timestamp)).Add(-i.Took)
			continue
		}
		if line := attributes(text); line["requestId"] != "" {
			i := get(line["requestId"])
			i.Lines = append(i.Lines, line)
		}
	}
	var all []Invocation
	for _, i := range found {
		if !i.Began.IsZero() {
			all = append(all, *i)
		}
	}
	slices.SortFunc(all, func(a, b Invocation) int { return a.Began.Compare(b.Began) })
	return all
}

func attributes(text string) map[string]string {
	out := map[string]string{}
	for _, m := range attribute.FindAllStringSubmatch(text, -1) {
		value := m[2]
		if plain, err := strconv.Unquote(value); err == nil {
			value = plain
		}
		out[m[1]] = value
	}
	return out
}
