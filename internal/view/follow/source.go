package follow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"ephemr/internal/emr/steplog"
	"ephemr/internal/logline"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// LogsAPI reads log streams.
type LogsAPI interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// source is where the lines of a stream come from.
type source interface {
	// more returns what follows, and whether that is all that there is now.
	more(ctx context.Context) (lines []Line, end bool, err error)
}

// live is a stream in CloudWatch, which may be growing.
type live struct {
	api         LogsAPI
	group, name string
	since       time.Time
	line        Line // what all lines of the stream have

	token *string
}

func (s *live) more(ctx context.Context) ([]Line, bool, error) {
	in := &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &s.group, LogStreamName: &s.name, StartFromHead: aws.Bool(true), NextToken: s.token,
	}
	if !s.since.IsZero() {
		in.StartTime = aws.Int64(s.since.UnixMilli())
	}
	out, err := s.api.GetLogEvents(ctx, in)
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return nil, true, nil // it begins with the first line
	}
	if err != nil {
		return nil, false, fmt.Errorf("read log stream %s: %w", s.name, err)
	}
	// The end is where the token stays the same; a page may be empty before.
	end := s.token != nil && aws.ToString(out.NextForwardToken) == *s.token
	s.token = out.NextForwardToken
	var lines []Line
	for _, e := range out.Events {
		l := s.line
		l.At = time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC()
		l.Text, l.Unfinished, l.Bar = logline.Parse(aws.ToString(e.Message))
		if l.Text == " " { // how the runner sends an empty line
			l.Text = ""
		}
		lines = append(lines, l)
	}
	return lines, end, nil
}

// archived is a log that EMR has put into S3.
type archived struct {
	lines *steplog.Lines
	line  Line
}

// How much is read from an archive at once.
const (
	pieceLines = 1000
	pieceBytes = 1 << 20
)

func (s *archived) more(ctx context.Context) (lines []Line, end bool, err error) {
	for size := 0; len(lines) < pieceLines && size < pieceBytes; {
		text, err := s.lines.Next(ctx)
		if errors.Is(err, io.EOF) {
			return lines, true, nil
		}
		if err != nil {
			return lines, true, err
		}
		l := s.line
		l.Text = logline.Last(text)
		lines, size = append(lines, l), size+len(text)
	}
	return lines, false, nil
}

// nothing is a log that is not there.
type nothing struct{}

func (nothing) more(context.Context) ([]Line, bool, error) { return nil, true, nil }
