package awsfake

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// PutLogEvents' limits.
const (
	maxLogBatch     = 1 << 20
	maxLogEvents    = 10000
	logEventExtra   = 26 // bytes counted on top of each message
	maxLogEvent     = 1<<20 - logEventExtra
	maxLogSpan      = 24 * time.Hour
	maxLogAge       = 14 * 24 * time.Hour
	maxLogFuture    = 2 * time.Hour
	logEventsAPage  = 10000
	maxLogPage      = 1 << 20 // bytes
	logStreamsAPage = 50
)

// Logs is an in-memory CloudWatch Logs.
type Logs struct {
	Control

	mu     sync.Mutex
	groups map[string]map[string]*logStream
}

type logStream struct {
	created int64
	events  []types.OutputLogEvent // by time
}

// NewLogs returns a CloudWatch Logs with empty groups.
func NewLogs(groups ...string) *Logs {
	f := &Logs{Control: newControl("CloudWatch Logs"), groups: map[string]map[string]*logStream{}}
	for _, g := range groups {
		f.groups[g] = map[string]*logStream{}
	}
	return f
}

// Messages returns the messages of a stream. It is not a call.
func (f *Logs) Messages(group, stream string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	if s := f.groups[group][stream]; s != nil {
		for _, e := range s.events {
			out = append(out, *e.Message)
		}
	}
	return out
}

// Forget drops the events of a group from before a point in time, as its
// retention does: their streams stay. It is not a call.
func (f *Logs) Forget(group string, before time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.groups[group] {
		s.events = slices.DeleteFunc(s.events, func(e types.OutputLogEvent) bool { return *e.Timestamp < before.UnixMilli() })
	}
}

// Delete drops a group with all its streams. It is not a call.
func (f *Logs) Delete(group string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.groups, group)
}

func (f *Logs) group(name, id *string) (map[string]*logStream, error) {
	n := aws.ToString(name)
	if n == "" {
		n = aws.ToString(id)
		if i := strings.LastIndex(n, ":log-group:"); i >= 0 {
			n = n[i+len(":log-group:"):]
		}
	}
	g, ok := f.groups[n]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: new("The specified log group does not exist.")}
	}
	return g, nil
}

func (f *Logs) stream(name, id, stream *string) (*logStream, error) {
	g, err := f.group(name, id)
	if err != nil {
		return nil, err
	}
	s, ok := g[aws.ToString(stream)]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: new("The specified log stream does not exist.")}
	}
	return s, nil
}

// CreateLogStream adds a stream to a group.
func (f *Logs) CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	return call(ctx, &f.Control, "CreateLogStream", func() (*cloudwatchlogs.CreateLogStreamOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		g, err := f.group(in.LogGroupName, nil)
		if err != nil {
			return nil, err
		}
		name := aws.ToString(in.LogStreamName)
		if name == "" || len(name) > 512 || strings.ContainsAny(name, ":*") {
			return nil, &types.InvalidParameterException{Message: new("Log stream name is not valid.")}
		}
		if g[name] != nil {
			return nil, &types.ResourceAlreadyExistsException{Message: new("The specified log stream already exists")}
		}
		g[name] = &logStream{created: time.Now().UnixMilli()}
		return &cloudwatchlogs.CreateLogStreamOutput{}, nil
	})
}

// PutLogEvents appends events to a stream; those too old or too new are
// rejected without an error.
func (f *Logs) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.PutLogEventsOutput, error) {
	return call(ctx, &f.Control, "PutLogEvents", func() (*cloudwatchlogs.PutLogEventsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		s, err := f.stream(in.LogGroupName, nil, in.LogStreamName)
		if err != nil {
			return nil, err
		}
		if err := checkLogEvents(in.LogEvents); err != nil {
			return nil, err
		}
		return &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: new("token"), RejectedLogEventsInfo: s.append(in.LogEvents)}, nil
	})
}

func checkLogEvents(events []types.InputLogEvent) error {
	invalid := func(format string, args ...any) error {
		return &types.InvalidParameterException{Message: new(fmt.Sprintf(format, args...))}
	}
	if len(events) < 1 || len(events) > maxLogEvents {
		return invalid("Log events in a single PutLogEvents request must be between 1 and %d.", maxLogEvents)
	}
	size := 0
	for i, e := range events {
		n := len(aws.ToString(e.Message))
		if n < 1 || n > maxLogEvent || e.Timestamp == nil {
			return invalid("Log event must have a timestamp and a message of 1 to %d bytes.", maxLogEvent)
		}
		if i > 0 && *e.Timestamp < *events[i-1].Timestamp {
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
		size += n + logEventExtra
	}
	if size > maxLogBatch {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxLogBatch)
	}
	if span := *events[len(events)-1].Timestamp - *events[0].Timestamp; span > maxLogSpan.Milliseconds() {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

func (s *logStream) append(events []types.InputLogEvent) *types.RejectedLogEventsInfo {
	now := time.Now()
	oldest, newest := now.Add(-maxLogAge).UnixMilli(), now.Add(maxLogFuture).UnixMilli()
	var rejected *types.RejectedLogEventsInfo
	for i, e := range events {
		at := int32(i)
		switch {
		case *e.Timestamp < oldest:
			rejected = &types.RejectedLogEventsInfo{TooOldLogEventEndIndex: new(at + 1)}
			continue
		case *e.Timestamp > newest:
			if rejected == nil {
				rejected = &types.RejectedLogEventsInfo{}
			}
			rejected.TooNewLogEventStartIndex = new(at)
		}
		if rejected != nil && rejected.TooNewLogEventStartIndex != nil {
			break
		}
		s.events = append(s.events, types.OutputLogEvent{Message: new(*e.Message), Timestamp: new(*e.Timestamp), IngestionTime: new(now.UnixMilli())})
	}
	byTime := func(a, b types.OutputLogEvent) int { return cmp.Compare(*a.Timestamp, *b.Timestamp) }
	if !slices.IsSortedFunc(s.events[max(0, len(s.events)-len(events)-1):], byTime) {
		slices.SortStableFunc(s.events, byTime)
	}
	return rejected
}

// between returns the events of [start, end).
func (s *logStream) between(start, end *int64) []types.OutputLogEvent {
	at := func(t *int64, otherwise int) int {
		if t == nil {
			return otherwise
		}
		i, _ := slices.BinarySearchFunc(s.events, *t, func(e types.OutputLogEvent, t int64) int { return cmp.Compare(*e.Timestamp, t) })
		return i
	}
	from := at(start, 0)
	return s.events[from:max(from, at(end, len(s.events)))]
}

// within says whether an event lies in [start, end).
func within(e types.OutputLogEvent, start, end *int64) bool {
	return (start == nil || *e.Timestamp >= *start) && (end == nil || *e.Timestamp < *end)
}

// GetLogEvents reads a stream forward. A token that answers no events comes
// back as it was, which is how a reader knows the end. Reading backward is
// only faked for the last page.
func (f *Logs) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	return call(ctx, &f.Control, "GetLogEvents", func() (*cloudwatchlogs.GetLogEventsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		s, err := f.stream(in.LogGroupName, in.LogGroupIdentifier, in.LogStreamName)
		if err != nil {
			return nil, err
		}
		all := s.between(in.StartTime, in.EndTime)
		most := logEventsAPage
		if in.Limit != nil {
			most = min(most, int(*in.Limit))
		}
		from := max(0, len(all)-most)
		if aws.ToBool(in.StartFromHead) {
			from = 0
		}
		if in.NextToken != nil {
			n, err := strconv.Atoi(strings.TrimPrefix(*in.NextToken, "f/"))
			if err != nil || n < 0 || n > len(all) {
				return nil, &types.InvalidParameterException{Message: new("The specified nextToken is invalid.")}
			}
			from = n
		}
		to := from
		for size := 0; to < min(len(all), from+most); to++ {
			if size += len(*all[to].Message) + logEventExtra; size > maxLogPage && to > from {
				break
			}
		}
		return &cloudwatchlogs.GetLogEventsOutput{Events: all[from:to:to], NextForwardToken: new(fmt.Sprintf("f/%d", to)), NextBackwardToken: new(fmt.Sprintf("b/%d", from))}, nil
	})
}

// FilterLogEvents reads streams of a group together. A pattern is a set of
// terms, perhaps quoted, which all must be in the message; others are refused.
func (f *Logs) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return call(ctx, &f.Control, "FilterLogEvents", func() (*cloudwatchlogs.FilterLogEventsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		g, err := f.group(in.LogGroupName, in.LogGroupIdentifier)
		if err != nil {
			return nil, err
		}
		pattern := aws.ToString(in.FilterPattern)
		if strings.ContainsAny(pattern, "{}[]?-%") {
			return nil, &types.InvalidParameterException{Message: new("this fake knows only filter patterns of terms")}
		}
		var all []types.FilteredLogEvent
		for _, name := range slices.Sorted(maps.Keys(g)) {
			if len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, name) || !strings.HasPrefix(name, aws.ToString(in.LogStreamNamePrefix)) {
				continue
			}
			for i, e := range g[name].events {
				if within(e, in.StartTime, in.EndTime) && matchesTerms(*e.Message, pattern) {
					all = append(all, types.FilteredLogEvent{LogStreamName: new(name), EventId: new(fmt.Sprintf("%s/%d", name, i)), Message: e.Message, Timestamp: e.Timestamp, IngestionTime: e.IngestionTime})
				}
			}
		}
		slices.SortStableFunc(all, func(a, b types.FilteredLogEvent) int { return cmp.Compare(*a.Timestamp, *b.Timestamp) })
		most := logEventsAPage
		if in.Limit != nil {
			most = min(most, int(*in.Limit))
		}
		page, next, err := pageOf(all, in.NextToken, most)
		return &cloudwatchlogs.FilterLogEventsOutput{Events: page, NextToken: next}, err
	})
}

func matchesTerms(message, pattern string) bool {
	for i, part := range strings.Split(pattern, `"`) {
		terms := []string{part} // quoted: as it is
		if i%2 == 0 {
			terms = strings.Fields(part)
		}
		for _, t := range terms {
			if !strings.Contains(message, t) {
				return false
			}
		}
	}
	return true
}

// DescribeLogStreams lists streams by name, 50 a page.
func (f *Logs) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	return call(ctx, &f.Control, "DescribeLogStreams", func() (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		g, err := f.group(in.LogGroupName, in.LogGroupIdentifier)
		if err != nil {
			return nil, err
		}
		var all []types.LogStream
		for _, name := range slices.Sorted(maps.Keys(g)) {
			if strings.HasPrefix(name, aws.ToString(in.LogStreamNamePrefix)) {
				all = append(all, g[name].describe(name))
			}
		}
		if in.OrderBy == types.OrderByLastEventTime {
			if in.LogStreamNamePrefix != nil {
				return nil, &types.InvalidParameterException{Message: new("Cannot order by LastEventTime with a logStreamNamePrefix.")}
			}
			slices.SortStableFunc(all, func(a, b types.LogStream) int {
				return cmp.Compare(aws.ToInt64(a.LastEventTimestamp), aws.ToInt64(b.LastEventTimestamp))
			})
		}
		if aws.ToBool(in.Descending) {
			slices.Reverse(all)
		}
		most := logStreamsAPage
		if in.Limit != nil {
			most = min(most, int(*in.Limit))
		}
		page, next, err := pageOf(all, in.NextToken, most)
		return &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: page, NextToken: next}, err
	})
}

func (s *logStream) describe(name string) types.LogStream {
	out := types.LogStream{LogStreamName: new(name), CreationTime: new(s.created)}
	if n := len(s.events); n > 0 {
		out.FirstEventTimestamp, out.LastEventTimestamp, out.LastIngestionTime = s.events[0].Timestamp, s.events[n-1].Timestamp, s.events[n-1].IngestionTime
	}
	return out
}
