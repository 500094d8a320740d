package step

import (
	"context"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"ephemr/internal/fault"
	"ephemr/internal/run"
)

// LogsAPI reads what runners stream.
type LogsAPI interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// tailLines is how much is kept of an attempt's log, of at most tailBytes each.
const (
	tailLines = 20
	tailBytes = 500
)

// tail returns the last lines that an attempt has streamed, of stderr or else of
// stdout. It is evidence of last resort: without it the verdict stands as it is.
func (l *Looker) tail(ctx context.Context, r run.Run, j run.Job) []string {
	for _, stream := range []string{"/stderr", "/stdout"} {
		out, err := l.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &l.LogGroup, LogStreamName: aws.String(r.LogPrefix(j.Name, j.Attempt) + stream), Limit: aws.Int32(tailLines),
		})
		if err != nil {
			if fault.Code(err) != "ResourceNotFoundException" {
				slog.WarnContext(ctx, "last lines not read", "runId", r.ID, "job", j.Name, "error", err.Error())
			}
			continue
		}
		var lines []string
		for _, e := range out.Events {
			line := strings.ToValidUTF8(aws.ToString(e.Message), "\uFFFD")
			lines = append(lines, strings.ToValidUTF8(line[:min(len(line), tailBytes)], ""))
		}
		if len(lines) > 0 {
			return lines
		}
	}
	return nil
}
