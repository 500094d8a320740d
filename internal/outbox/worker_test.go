package outbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/google/go-cmp/cmp"

	"ephemr/events"
	"ephemr/internal/notify"
	"ephemr/internal/outbox"
	"ephemr/internal/pipeline"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/records"
	"ephemr/internal/run"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// stand is a Worker on fakes.
type stand struct {
	*outbox.Worker

	t     *testing.T
	db    *awsfake.DynamoDB
	topic *awsfake.SNS
	bus   *awsfake.EventBridge
}

func newStand(t *testing.T) stand {
	t.Helper()
	s := stand{
		t: t, topic: awsfake.NewSNS("outcomes", "data"), bus: awsfake.NewEventBridge(),
		db: awsfake.NewDynamoDB(awsfake.Table{Name: "runs", PK: "pk", SK: "sk", Indexes: []awsfake.Index{{Name: store.ByState, PK: "gsState", SK: "gsOrder"}, {Name: store.ByPipeline, PK: "gpPipeline", SK: "gpOrder"}}}),
	}
	settings := stage.Settings{Stage: "dev", Topic: "outcomes", EventBus: "bus", Notices: stage.Notices{
		Destinations: map[string]string{"chat:data": "data", "webhook:ops": "", "pagerduty:on-call": ""},
	}}
	s.Worker = &outbox.Worker{
		Store:  &outbox.Store{DB: s.db, Table: "runs"},
		Sender: &outbox.Sender{Settings: settings, Topic: s.topic, Bus: s.bus},
		Runs:   &store.Runs{DB: s.db, Table: "runs"},
	}
	return s
}

// fail posts the failure of a run.
func (s stand) fail(n int, to ...string) {
	to = append([]string{}, to...)
	s.t.Helper()
	id := fmt.Sprintf("p-%d", n)
	e := notify.Entry{To: to, Logical: time.Now(), Message: notify.Message{
		Kind: notify.Failure, Stage: "dev", Pipeline: "p", RunID: id, State: "FAILED", Class: "job", Headline: "FAILED " + id,
		Cause: "ValueError: row 3 has no price", Next: []string{"ephemr logs " + id}, Count: 1, At: time.Now(),
	}}
	if err := s.Store.Put(s.t.Context(), e, id+"#0"); err != nil {
		s.t.Fatal(err)
	}
}

func (s stand) works() {
	s.t.Helper()
	e := notify.Entry{Logical: time.Now(), Message: notify.Message{Kind: notify.Success, Stage: "dev", Pipeline: "p", RunID: "p-good", State: "SUCCEEDED", At: time.Now()}}
	if err := s.Store.Put(s.t.Context(), e, "p-good#0"); err != nil {
		s.t.Fatal(err)
	}
}

func (s stand) tick() error {
	_, err := s.Handle(s.t.Context(), events.Envelope{DetailType: events.TypeScheduled})
	return err
}

// finished delivers the event of a run of p.
func (s stand) finished() {
	s.t.Helper()
	detail, err := json.Marshal(events.RunFinished{RunID: "p-1", Pipeline: "p"})
	if err == nil {
		_, err = s.Handle(s.t.Context(), events.Envelope{DetailType: events.TypeRunFinished, Detail: detail})
	}
	if err != nil {
		s.t.Error(err)
	}
}

// counted is how many runs the mails are about, by what is in them, and how many mails
// there are with different ids.
func (s stand) counted() (runs, mails int) {
	s.t.Helper()
	seen := map[string]bool{}
	for _, m := range s.topic.Published("outcomes") {
		id := aws.ToString(m.MessageAttributes["messageId"].StringValue)
		if seen[id] {
			continue
		}
		seen[id] = true
		mails++
		first, _, _ := strings.Cut(*m.Message, " ")
		n := 1
		if first != "Run" {
			if _, err := fmt.Sscan(first, &n); err != nil {
				s.t.Errorf("message %q: %v", *m.Message, err)
			}
		}
		runs += n
	}
	return runs, mails
}

// TestManyFailures: a thousand failures in a minute are three messages at most, whatever
// the number of workers, and each run is in exactly one of them.
func TestManyFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		var calls atomic.Int64
		s.db.Use(&awsfake.Hooks{Before: func(string) error { // so that workers overtake one another
			time.Sleep(time.Duration(calls.Add(1)*7919%61) * time.Millisecond)
			return nil
		}})
		var workers sync.WaitGroup
		for i := range 1000 {
			s.fail(i, "me")
			if i%5 == 0 {
				workers.Go(s.finished)
				workers.Go(s.finished)
			}
			time.Sleep(10 * time.Millisecond)
		}
		workers.Wait()
		for range 25 {
			time.Sleep(time.Minute)
			if err := s.tick(); err != nil {
				t.Error(err)
			}
		}
		if runs, mails := s.counted(); runs != 1000 || mails > 3 || len(s.topic.Published("outcomes")) != mails {
			t.Errorf("%d messages, %d of them different, about %d runs", len(s.topic.Published("outcomes")), mails, runs)
		}
	})
}

// TestBlockedDestinations: what a service does not take is sent later, once, and what is
// sent by another way is not sent again.
func TestBlockedDestinations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		down := time.Now().Add(time.Hour)
		s.bus.Use(&awsfake.Hooks{Before: func(string) error {
			if time.Now().Before(down) {
				return errors.New("reset")
			}
			return nil
		}})
		s.fail(1, "me", "webhook:ops", "chat:data")
		failed := 0
		for range 90 {
			if s.tick() != nil {
				failed++
			}
			time.Sleep(time.Minute)
		}
		if n := len(s.bus.Events()); n != 1 || failed == 0 {
			t.Errorf("%d events, after %d failures", n, failed)
		}
		if mail, chat := len(s.topic.Published("outcomes")), len(s.topic.Published("data")); mail != 1 || chat != 1 {
			t.Errorf("%d mails and %d messages to the chat", mail, chat)
		}
	})
}

// TestCrashedWorker: a worker that dies after it has sent, and before it has marked the
// message, makes another send the same message with the same id.
func TestCrashedWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.fail(1, "me")
		marks := 0
		s.db.Use(&awsfake.Hooks{Before: func(called string) error {
			if called == "DynamoDB:UpdateItem" {
				if marks++; marks == 2 { // the first claims the message
					return errors.New("died")
				}
			}
			return nil
		}})
		if s.tick() == nil {
			t.Error("the mark was not written, and there is no error")
		}
		for range 5 {
			time.Sleep(time.Minute)
			if err := s.tick(); err != nil {
				t.Error(err)
			}
		}
		if runs, mails := s.counted(); runs != 1 || mails != 1 || len(s.topic.Published("outcomes")) != 2 {
			t.Errorf("%d messages, %d of them different", len(s.topic.Published("outcomes")), mails)
		}
	})
}

// TestIncident: PagerDuty gets one incident for a thread, and its end.
func TestIncident(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.fail(1, "pagerduty:on-call")
		s.finished()
		time.Sleep(time.Minute)
		s.works()
		s.finished()
		var got []string
		for _, e := range s.bus.Events() {
			var d struct {
				Destination string
				Body        struct {
					Action string `json:"event_action"`
					Key    string `json:"dedup_key"`
				}
			}
			if err := json.Unmarshal([]byte(*e.Detail), &d); err != nil {
				t.Fatal(err)
			}
			got = append(got, *e.DetailType+" "+d.Destination+" "+d.Body.Action+" "+d.Body.Key)
		}
		want := []string{"Notice pagerduty:on-call trigger dev/p/job", "Notice pagerduty:on-call resolve dev/p/job"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// TestNoIncidentWithoutAnEnd: what nothing resolves is a mail, and no incident.
func TestNoIncidentWithoutAnEnd(t *testing.T) {
	t.Parallel()
	for _, kind := range []notify.Kind{notify.Success, notify.Rejected, notify.Deadline, notify.Approval, notify.Budget} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStand(t)
				if _, _, err := s.Runs.Create(t.Context(), run.Run{ID: "p-1", Pipeline: "p", State: run.Running}, &pipeline.Spec{}); err != nil {
					t.Fatal(err)
				}
				e := notify.Entry{To: []string{"pagerduty:on-call", "webhook:ops"}, Message: notify.Message{Kind: kind, Stage: "dev", Pipeline: "p", RunID: "p-1", Headline: "x", Count: 1, At: time.Now()}}
				if err := s.Store.Put(t.Context(), e, "p-1#0"); err != nil {
					t.Fatal(err)
				}
				if err := s.tick(); err != nil {
					t.Error(err)
				}
				sent := s.bus.Events()
				if len(sent) != 1 || !strings.Contains(*sent[0].Detail, `"destination":"webhook:ops"`) || len(s.topic.Published("outcomes")) != 1 {
					t.Errorf("%d events, %d mails", len(sent), len(s.topic.Published("outcomes")))
				}
			})
		})
	}
}

// TestUnreadable: a record that cannot be decoded delays no other message, and is an error.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		for _, key := range []records.Key{records.SendingKey("a", "a-1", "mail"), records.EntryKey("p", time.Now().Add(-time.Hour), "bad"), records.EntryKey("other", time.Now(), "bad")} {
			it := key.Attributes()
			it["json"], it["due"] = records.String("{"), records.String("x")
			it[records.StateName], it[records.StateOrderName] = records.String(records.Notices), records.String(records.TimeOrder(time.Now().Add(-time.Hour), key.Sort))
			if _, err := s.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("runs"), Item: it}); err != nil {
				t.Fatal(err)
			}
		}
		s.fail(1)
		time.Sleep(time.Minute)
		if err := s.tick(); err == nil || !strings.Contains(err.Error(), "read message") {
			t.Errorf("no error of what cannot be read: %v", err)
		}
		if runs, mails := s.counted(); runs != 1 || mails != 1 {
			t.Errorf("%d runs in %d mails", runs, mails)
		}
	})
}

// TestDeadline: a run is reported once shortly before its deadline, and not when it has
// ended before the message is sent.
func TestDeadline(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ends  time.Duration
		fails bool // SNS, once
		want  int  // messages
	}{
		"still runs":               {ends: time.Hour, want: 1},
		"ended before":             {ends: 4 * time.Minute},
		"ended before it was sent": {ends: 6 * time.Minute, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newStand(t)
				if tt.fails {
					s.topic.FailNext("Publish", errors.New("reset"))
				}
				s.endsAfter(tt.ends)
				got := s.topic.Published("outcomes")
				if len(got) != tt.want {
					t.Errorf("%d messages, want %d", len(got), tt.want)
				}
				for _, m := range got {
					if !strings.Contains(*m.Message, "Deadline: ") {
						t.Errorf("message %q", *m.Message)
					}
				}
			})
		})
	}
}

// endsAfter ticks for a quarter of an hour, in which a run has its deadline after ten
// minutes and may end before.
func (s stand) endsAfter(d time.Duration) {
	s.t.Helper()
	now := time.Now()
	r := run.Run{ID: "r", Pipeline: "p", Owner: "me", State: run.Running, WarnBefore: 5 * time.Minute, Deadline: now.Add(10 * time.Minute), LogicalTime: now, RequestedAt: now}
	if _, _, err := s.Runs.Create(s.t.Context(), r, &pipeline.Spec{Name: "p"}); err != nil {
		s.t.Fatal(err)
	}
	for time.Since(now) < 15*time.Minute {
		if time.Since(now) == d {
			if ok, err := s.Runs.Finish(s.t.Context(), r, run.Outcome{State: run.Failed, Class: "timeout"}, time.Now(), run.Cost{}); !ok || err != nil {
				s.t.Fatal(ok, err)
			}
		}
		_ = s.tick() // SNS may fail
		time.Sleep(time.Minute)
	}
}

// TestNoRecipients: the stage's topic gets a message without recipients; a success that
// no pipeline file asks for is no message.
func TestNoRecipients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.fail(1)
		s.works()
		if err := s.tick(); err != nil {
			t.Error(err)
		}
		if got := s.topic.Published("outcomes"); len(got) != 1 || got[0].MessageAttributes["recipients"].StringValue != nil {
			t.Errorf("%d messages", len(got))
		}
	})
}

// TestSilences: a silence is listed with what it keeps back, and when it is ended that is
// one message.
func TestSilences(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		now := time.Now()
		must(s.Store.Silence(t.Context(), "p", outbox.Silence{Until: now.Add(2 * time.Hour), By: "me", At: now}))
		for i := range 3 {
			s.fail(i, "me")
			time.Sleep(time.Minute)
			must(s.tick())
		}
		if held := s.held(); held != "p by me: 3, p-0 to p-2\n" {
			t.Errorf("silences %q", held)
		}
		if n := len(s.topic.Published("outcomes")); n != 0 {
			t.Errorf("%d messages during the silence", n)
		}
		now = time.Now()
		must(s.Store.Silence(t.Context(), "p", outbox.Silence{Until: now, At: now}))
		time.Sleep(time.Minute)
		must(s.tick())
		if runs, mails := s.counted(); runs != 3 || mails != 1 {
			t.Errorf("%d messages about %d runs after the silence", mails, runs)
		}
		if held := s.held(); held != "" {
			t.Errorf("silences %q", held)
		}
	})
}

// held lists silences with what they keep back.
func (s stand) held() (text string) {
	s.t.Helper()
	all, err := s.Store.Silences(s.t.Context(), time.Now())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, h := range all {
		text += fmt.Sprintf("%s by %s: %d, %s to %s\n", h.Pipeline, h.By, h.Count, h.First.RunID, h.Last.RunID)
	}
	return text
}

// Subscribers of the topic get each failure and its end, whatever else the pipeline names.
func TestTopicGetsResolved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newStand(t)
		s.fail(1, "chat:data")
		if err := s.tick(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		s.works()
		if err := s.tick(); err != nil {
			t.Error(err)
		}
		if mails, chats := len(s.topic.Published("outcomes")), len(s.topic.Published("data")); mails != 2 || chats != 2 {
			t.Errorf("%d messages on the topic and %d in the chat, want the failure and its end in each", mails, chats)
		}
	})
}
