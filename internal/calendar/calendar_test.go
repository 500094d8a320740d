package calendar_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/calendar"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/proof/simulation"
	"ephemr/internal/records"
)

// inWorld plays a test in a stage without ticks, in which a pipeline with one schedule
// was registered at midnight.
func inWorld(t *testing.T, trigger string, play func(t *testing.T, w *simulation.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(file(trigger))
		play(t, w)
	})
}

func file(triggers string) string {
	return "pipeline: p\ntriggers: [" + triggers + "]\ncluster: {profile: small}\njobs: [{name: a, type: bash, source: a}]"
}

func tick(t *testing.T, w *simulation.World) {
	t.Helper()
	if _, err := w.Invoke("calendar", []byte("{}")); err != nil {
		t.Error(err)
	}
	time.Sleep(2 * time.Second) // until its messages have been delivered
}

// dates are the logical times of the runs by schedule, in order.
func dates(w *simulation.World) []string {
	var all []string
	for _, id := range w.RunIDs() {
		if r := w.Record(id).Run; r.Trigger.Kind == "schedule" {
			all = append(all, r.LogicalTime.Format("15:04"))
		}
	}
	slices.Sort(all)
	return all
}

const hourly = `{schedule: "0 * * * *", catchup: all}`

// Ticks that are lost, late, doubled or simultaneous change only when a date is made.
func TestTicks(t *testing.T) {
	t.Parallel()
	for name, ticks := range map[string][]time.Duration{
		"every minute":           every(time.Minute, 6*time.Hour),
		"lost for six hours":     {6 * time.Hour},
		"40 minutes late":        every(100*time.Minute, 7*time.Hour),
		"twice each":             slices.Concat(every(10*time.Minute, 6*time.Hour), every(10*time.Minute, 6*time.Hour)),
		"twice in the same hour": {61 * time.Minute, 62 * time.Minute, 6 * time.Hour, 6 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, hourly, func(t *testing.T, w *simulation.World) {
				began := time.Now()
				slices.Sort(ticks)
				for i, at := range ticks {
					time.Sleep(time.Until(began.Add(at)))
					if i+1 < len(ticks) && ticks[i+1] == at { // two at once
						go tick(t, w)
					}
					tick(t, w)
				}
				synctest.Wait()
				if diff := cmp.Diff([]string{"01:00", "02:00", "03:00", "04:00", "05:00", "06:00"}, dates(w)); diff != "" {
					t.Errorf("runs -want +got:\n%s", diff)
				}
			})
		})
	}
}

func every(d, until time.Duration) []time.Duration {
	var all []time.Duration
	for at := d; at <= until; at += d {
		all = append(all, at)
	}
	return all
}

// A tick that dies after any call, or whose call fails, is completed by the next: no
// date is lost or doubled.
func TestTickDies(t *testing.T) {
	t.Parallel()
	for _, op := range []string{"DynamoDB:Query", "DynamoDB:UpdateItem", "DynamoDB:TransactWriteItems", "SQS:SendMessage"} {
		for n := range 4 {
			for _, after := range []bool{false, true} {
				t.Run(fmt.Sprint(op, " ", n, after), func(t *testing.T) {
					t.Parallel()
					inWorld(t, `{schedule: "0 * * * *"}, {schedule: "30 * * * *", catchup: all}`, func(t *testing.T, w *simulation.World) {
						time.Sleep(3*time.Hour + 5*time.Minute)
						failed, calls := errors.New("connection reset"), 0
						fail := func(x string) error {
							if x != op {
								return nil
							}
							if calls++; calls > n {
								return failed
							}
							return nil
						}
						hooks := &awsfake.Hooks{Before: fail}
						if after {
							hooks = &awsfake.Hooks{After: fail}
						}
						w.DB.Use(hooks)
						w.SQS.Use(hooks)
						_, _ = w.Invoke("calendar", []byte("{}"))
						w.DB.Use(nil)
						w.SQS.Use(nil)
						time.Sleep(time.Minute)
						tick(t, w)
						if diff := cmp.Diff([]string{"00:30", "01:30", "02:30", "03:00"}, dates(w)); diff != "" {
							t.Errorf("runs -want +got:\n%s", diff)
						}
						if got := len(items(w, "SKIPPED#p")); got != 1 {
							t.Errorf("%d records of skipped dates, want one of two dates", got)
						}
					})
				})
			}
		}
	}
}

func skippedOf(t *testing.T, it records.Item) calendar.Skipped {
	t.Helper()
	var s calendar.Skipped
	if err := attributevalue.UnmarshalMap(it, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func items(w *simulation.World, partition string) []records.Item {
	return slices.DeleteFunc(w.DB.Items(w.Settings.RunsTable), func(it records.Item) bool { return records.Text(it["pk"]) != partition })
}

// A clock that is behind or ahead of the one before neither repeats nor leaves out a date.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	inWorld(t, `{schedule: "* * * * *", catchup: all}`, func(t *testing.T, w *simulation.World) {
		for range 5 {
			time.Sleep(59 * time.Second) // ticks come earlier in each minute, and then in the one before
			tick(t, w)
		}
		time.Sleep(3 * time.Minute)
		tick(t, w)
		want := []string{"00:01", "00:02", "00:03", "00:04", "00:05", "00:06", "00:07", "00:08"}
		if diff := cmp.Diff(want, dates(w)); diff != "" {
			t.Errorf("runs -want +got:\n%s", diff)
		}
	})
}

// A schedule with thousands of missed dates keeps others not waiting, and one that
// cannot be read does not stop them.
func TestFairTick(t *testing.T) {
	t.Parallel()
	inWorld(t, `{schedule: "* * * * *", catchup: all}`, func(t *testing.T, w *simulation.World) {
		w.Apply(strings.Replace(file(hourly), "pipeline: p", "pipeline: q", 1))
		time.Sleep(48 * time.Hour)
		out, err := w.Invoke("calendar", []byte("{}"))
		if n := len(w.SQS.Messages(w.Settings.EventsQueue)); err != nil || n < 2000 || n > 2050 || !strings.Contains(string(out), `"more":true`) {
			t.Errorf("got %s, %v", out, err)
		}
		n := map[string]int{}
		for _, m := range w.SQS.Messages(w.Settings.EventsQueue) {
			n[*m.MessageBody]++
		}
		if n[`{"kind":"schedule","pipeline":"q","scheduledTime":"2000-01-03T00:00:00Z","schedule":"0 * * * * UTC"}`] != 1 {
			t.Error("the other schedule was not handled")
		}
		for range 2 {
			if out, err = w.Invoke("calendar", []byte("{}")); err != nil {
				t.Error(err)
			}
		}
		if len(w.SQS.Messages(w.Settings.EventsQueue)) != 48*60+48 || string(out) != `{"requested":0,"skipped":0,"more":false}` {
			t.Errorf("%d requests, the last tick did %s", len(w.SQS.Messages(w.Settings.EventsQueue)), out)
		}
	})
}

// The trigger's params and priority are those of its runs.
func TestParamsOfTrigger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := simulation.New(simulation.Config{NoTicks: true})
		defer w.Close()
		w.Apply(file(`{schedule: "0 * * * *"}, {schedule: "0 * * * *", params: {country: es}, priority: 7}`) + "\nparams: {country: {default: pt}}\npriority: 2")
		time.Sleep(time.Hour)
		tick(t, w)
		got := map[string]int{}
		for _, id := range w.RunIDs() {
			r := w.Record(id).Run
			got[r.Params["country"]] = r.Priority
		}
		if diff := cmp.Diff(map[string]int{"pt": 2, "es": 7}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// A date that was due when the pipeline was paused is made, although its message comes
// later.
func TestPausedMeanwhile(t *testing.T) {
	t.Parallel()
	inWorld(t, hourly, func(t *testing.T, w *simulation.World) {
		time.Sleep(time.Hour)
		if _, err := w.Invoke("calendar", []byte("{}")); err != nil {
			t.Error(err)
		}
		if _, err := w.Pipelines.Pause(t.Context(), "p", "", time.Now()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if diff := cmp.Diff([]string{"01:00"}, dates(w)); diff != "" {
			t.Error(diff)
		}
		time.Sleep(2 * time.Hour)
		tick(t, w)
		if diff := cmp.Diff([]string{"01:00"}, dates(w)); diff != "" {
			t.Errorf("paused: %s", diff)
		}
	})
}

// A schedule that cannot be decoded, or whose fields cannot be read, does not stop the
// others, and is reported.
func TestUnreadableSchedule(t *testing.T) {
	t.Parallel()
	for attribute, value := range map[string]string{"last": "yesterday", "cron": "every day", "zone": "Mars/Olympus"} {
		t.Run(attribute, func(t *testing.T) {
			t.Parallel()
			inWorld(t, hourly, func(t *testing.T, w *simulation.World) {
				w.Apply(strings.Replace(file(`{schedule: "5 * * * *"}`), "pipeline: p", "pipeline: a", 1))
				_, err := w.DB.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
					TableName: &w.Settings.PipelinesTable, Key: records.ScheduleKey("a", 0).Attributes(),
					UpdateExpression: aws.String("SET #a = :v"), ExpressionAttributeNames: map[string]string{"#a": attribute},
					ExpressionAttributeValues: awsfake.Item{":v": records.String(value)},
				})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if _, err := w.Invoke("calendar", []byte("{}")); err == nil {
					t.Error("no error")
				}
				time.Sleep(2 * time.Second)
				if diff := cmp.Diff([]string{"01:00"}, dates(w)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
