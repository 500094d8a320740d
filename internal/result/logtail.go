package result

import (
	"context"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"ephemr/internal/fault"
	"ephemr/internal/logline"
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

// Tail returns the last lines that j's newest attempt has streamed, of stderr or
// else of stdout; none if they cannot be read.
func (r *Reader) Tail(ctx context.Context, of run.Run, j run.Job) []string {
	for _, stream := range []string{"/stderr", "/stdout"} {
		out, err := r.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
			LogGroupName: &r.LogGroup, LogStreamName: aws.String(of.LogPrefix(j.Name, j.Attempt) + stream), Limit: aws.Int32(tailLines),
		})
		if err != nil {
			if fault.Code(err) != "ResourceNotFoundException" {
				slog.WarnContext(ctx, "cannot read the last log lines", "runId", of.ID, "job", j.Name, "error", err.Error())
			}
			continue
		}
		var lines []string
		for i, e := range out.Events {
			text, unfinished, _ := logline.Parse(aws.ToString(e.Message))
			if unfinished && i+1 < len(out.Events) {
				continue // the next event replaces it
			}
			line := strings.ToValidUTF8(text, "\uFFFD")
			lines = append(lines, strings.ToValidUTF8(line[:min(len(line), tailBytes)], ""))
		}
		if len(lines) > 0 {
			return lines
		}
	}
	return nil
}
