package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"ephemr/internal/notify"
	"ephemr/internal/records"
)

// Outgoing is a message on its way to one destination.
type Outgoing struct {
	Of          string         `json:"of"` // pipeline
	Destination string         `json:"destination"`
	Recipients  []string       `json:"recipients,omitempty"` // addresses, of a mail
	Message     notify.Message `json:"message"`
	Object      string         `json:"object,omitempty"` // key of a lineage event, which is sent instead of Message

	attempts int
	due      time.Time // of the attempt
}

// Mail is the destination of the stage's topic.
const Mail = "mail"

// Claim is how long an attempt may take, after which another is made. It is longer than
// the function's timeout.
const Claim = 2 * time.Minute

func (o Outgoing) key() records.Key { return records.SendingKey(o.Of, o.Message.ID, o.Destination) }

func (o Outgoing) item(now time.Time) (records.Item, error) {
	it, err := blob(o.key(), o, keep)
	if err == nil {
		it["due"] = records.String(records.TimeOrder(now, ""))
		indexed(it, now)
	}
	return it, err
}

func (o *Outgoing) read(it records.Item) error {
	err := json.Unmarshal([]byte(records.Text(it["json"])), o)
	if err == nil && it["attempts"] != nil {
		err = attributevalue.Unmarshal(it["attempts"], &o.attempts)
	}
	if err == nil {
		o.due, err = time.Parse("2006-01-02T15:04:05.000000000Z#", records.Text(it["due"]))
	}
	if err != nil {
		return fmt.Errorf("read message %s: %w", records.Text(it[records.SortName]), err)
	}
	return nil
}

// claim reserves o for an attempt; false = another invocation makes it, or has.
func (s *Store) claim(ctx context.Context, o *Outgoing, now time.Time) (bool, error) {
	next := now.Add(Claim)
	ok, err := s.move(ctx, *o, next, o.attempts+1)
	if ok {
		o.attempts++
		o.due = next
	}
	return ok, err
}

// delay puts the next attempt off, after one that failed: twice as long each time.
func (s *Store) delay(ctx context.Context, o Outgoing, now time.Time) error {
	_, err := s.move(ctx, o, now.Add(min(time.Minute<<min(o.attempts-1, 10), 15*time.Minute)), o.attempts)
	return err
}

func (s *Store) move(ctx context.Context, o Outgoing, next time.Time, attempts int) (bool, error) {
	order := records.TimeOrder(next, "")
	u := expression.Set(expression.Name("due"), expression.Value(order)).
		Set(expression.Name(records.StateOrderName), expression.Value(records.TimeOrder(next, o.key().Sort))).
		Set(expression.Name("attempts"), expression.Value(attempts))
	ok, err := records.Update(ctx, s.DB, s.Table, o.key(), u, records.Is("due", records.TimeOrder(o.due, "")))
	if err != nil {
		return false, fmt.Errorf("claim message %s: %w", o.Message.ID, err)
	}
	return ok, nil
}

// end takes o out of the index, and keeps it for a while.
func (s *Store) end(ctx context.Context, o Outgoing, how string, now time.Time) error {
	u := expression.Set(expression.Name(how), expression.Value(now)).
		Set(expression.Name(records.TTLName), expression.Value(now.Add(keepSent).Unix())).
		Remove(expression.Name(records.StateName)).Remove(expression.Name(records.StateOrderName)).Remove(expression.Name("due"))
	if _, err := records.Update(ctx, s.DB, s.Table, o.key(), u, records.Present()); err != nil {
		return fmt.Errorf("mark message %s: %w", o.Message.ID, err)
	}
	return nil
}
