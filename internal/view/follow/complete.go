package follow

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"
)

// complete adds the last lines, which a killed runner has not sent, from the EMR
// archive to the streams of an attempt. A runner sends lines twice a second.
func (s *streams) complete(all []*stream, a attempt, emit func(Update)) {
	if a.ended.Before(s.Filter.Since) {
		return
	}
	for _, st := range all {
		st.place = a.ended.Truncate(time.Millisecond)
		line := st.Line
		line.Archived = true
		st.from = &completed{
			live: s.live(st.name, time.Time{}, st.Line), since: s.Filter.Since, seed: maphash.MakeSeed(),
			open: func(ctx context.Context) (*archived, error) {
				logs, err := s.look(ctx, a)
				if err != nil || len(logs[st.Stream].Keys) == 0 {
					return nil, err
				}
				return &archived{lines: s.Archive.Lines(logs[st.Stream]), line: line}, nil
			},
			warn: func(why string) {
				emit(Note{At: st.place, Text: fmt.Sprintf("the last lines of job %s, attempt %d, may be missing because its runner was killed: %s", line.Job, line.Attempt, why)})
			},
		}
	}
}

// completed is a stream in CloudWatch followed by the rest of its EMR archive.
// The archive may contain lines in between that were never streamed: those of
// EMR's own programs.
type completed struct {
	live  *live
	since time.Time
	open  func(context.Context) (*archived, error) // nil = there is no archive
	warn  func(why string)

	seed  maphash.Seed
	sent  []uint64 // digests of the lines that CloudWatch has
	found int      // how many of them were seen in the archive
	ended bool     // CloudWatch's part
	rest  *archived
	over  bool // and the archive's
}

func (s *completed) more(ctx context.Context) ([]Line, bool, error) {
	if !s.ended {
		return s.streamed(ctx)
	}
	if s.rest == nil && !s.over {
		s.find(ctx)
	}
	if s.over {
		return nil, true, nil
	}
	lines, end, err := s.rest.more(ctx)
	lines = s.beyond(lines)
	if s.over = end && err == nil; s.over && s.found < len(s.sent) {
		s.warn("the EMR archive ends earlier or differs")
	}
	return lines, end, err
}

// streamed returns the next lines in CloudWatch. The archive comes after them.
func (s *completed) streamed(ctx context.Context) ([]Line, bool, error) {
	lines, end, err := s.live.more(ctx)
	for _, l := range lines {
		if l.Unfinished {
			continue // EMR has the line that replaced it
		}
		s.sent = append(s.sent, maphash.String(s.seed, l.Text))
	}
	s.ended = end && err == nil
	return slices.DeleteFunc(lines, func(l Line) bool { return l.At.Before(s.since) }), false, err
}

// find opens the archive; without one the stream ends.
func (s *completed) find(ctx context.Context) {
	var err error
	s.rest, err = s.open(ctx)
	switch {
	case err != nil:
		s.warn(err.Error())
	case s.rest == nil && len(s.sent) > 0:
		s.warn("there is no EMR archive of it yet")
	}
	s.over = s.rest == nil
}

// beyond leaves out the lines of the archive up to the last one that CloudWatch
// has.
func (s *completed) beyond(lines []Line) []Line {
	for i, l := range lines {
		if s.found == len(s.sent) {
			return lines[i:]
		}
		text := strings.ToValidUTF8(l.Text, "\uFFFD")
		if text == " " {
			text = ""
		}
		if maphash.String(s.seed, text) == s.sent[s.found] {
			s.found++
		}
	}
	return nil
}
