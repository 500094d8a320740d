package register

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"ephemr/internal/calendar"
	"ephemr/internal/records"
)

// overlapping is how far back the schedules of a pipeline start that was registered
// when EventBridge Scheduler had them: the dates around the change are requested again,
// and find their runs.
const overlapping = 2 * time.Hour

// adopted are the schedules of a version without any.
func adopted(v *Version, now time.Time) []calendar.Schedule {
	from := now.Add(-overlapping)
	if v.AppliedAt.After(from) {
		from = v.AppliedAt
	}
	all := calendar.Schedules(&v.Spec, v.Number, from)
	for i := range all {
		all[i].Since = v.AppliedAt
	}
	return all
}

// Adopt creates the schedules of pipelines that an earlier version of ephemr has
// registered. A pipeline that cannot be read does not affect the others.
func (s *Store) Adopt(ctx context.Context, now time.Time) error {
	missing, err := s.withoutSchedules(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for name := range missing {
		if err := s.adopt(ctx, name, now); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Store) adopt(ctx context.Context, name string, now time.Time) error {
	before, err := s.registered(ctx, name)
	if err != nil {
		return err
	}
	if !before.exists() || len(before.schedules) > 0 {
		return nil // deleted or applied meanwhile
	}
	v, err := before.current.version()
	if err != nil {
		return err
	}
	done, err := s.write(ctx, before, before.current, &v.Spec, now)
	if err == nil && done {
		slog.InfoContext(ctx, "schedules moved to the calendar", "pipeline", name, "version", v.Number)
	}
	return err
}

// withoutSchedules are the names of the pipelines whose files have schedules that the
// table does not have.
func (s *Store) withoutSchedules(ctx context.Context) (map[string]bool, error) {
	in := &dynamodb.ScanInput{
		TableName: &s.Table, FilterExpression: aws.String("sk = :current OR begins_with(sk, :schedule)"),
		ExpressionAttributeValues: records.Item{
			":current": records.String(records.CurrentSort), ":schedule": records.String(records.SchedulePrefix),
		},
	}
	missing, have := map[string]bool{}, map[string]bool{}
	for p := dynamodb.NewScanPaginator(s.DB, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for pipelines without schedules: %w", err)
		}
		for _, it := range page.Items {
			name := records.Text(it[records.PartitionName])
			if strings.HasPrefix(records.Text(it[records.SortName]), records.SchedulePrefix) {
				have[name] = true
			} else if s.scheduled(ctx, it) {
				missing[name] = true
			}
		}
	}
	for name := range have {
		delete(missing, name)
	}
	return missing, nil
}

// scheduled reports whether the file of the version in an item has schedules.
func (s *Store) scheduled(ctx context.Context, it records.Item) bool {
	var r row
	err := attributevalue.UnmarshalMap(it, &r)
	if r.Deleted {
		return false
	}
	if err == nil {
		var v *Version
		if v, err = r.version(); err == nil {
			return len(calendar.Schedules(&v.Spec, v.Number, time.Time{})) > 0
		}
	}
	slog.WarnContext(ctx, "pipeline not readable: its schedules are not moved to the calendar", "pipeline", r.PK, "error", err.Error())
	return false
}
