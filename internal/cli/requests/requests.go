// Package requests is ephemr requests: it lists and redrives the messages in the
// dead-letter queues.
package requests

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/stage"
)

// QueueAPI moves messages.
type QueueAPI interface {
	ReceiveMessage(context.Context, *sqs.ReceiveMessageInput, ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
	DeleteMessage(context.Context, *sqs.DeleteMessageInput, ...func(*sqs.Options)) (*sqs.DeleteMessageOutput, error)
	ChangeMessageVisibility(context.Context, *sqs.ChangeMessageVisibilityInput, ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityOutput, error)
}

// Options of the commands.
type Options struct {
	Runs   []string // ids of rejected runs; empty = all
	Events bool     // the events' queues instead of the requests'
	AsMe   bool     // include requests sent by others; they run with the identity of the caller
	JSON   bool

	Me string // our SenderId; only needed on a stage with users
}

// Letter is a message in a dead-letter queue; -o json prints an array of them.
type Letter struct {
	RunID  string `json:"runId,omitempty"` // of the rejected run; empty if intake never got to say so
	Reason string `json:"reason,omitempty"`
	Sender string `json:"sender,omitempty"` // who has sent it, as SQS says; empty for events
	Body   string `json:"body"`

	receipt string
}

// hidden is how long a letter is kept from others while we deal with it.
const hidden = 30

// List prints the letters and leaves them where they are.
func List(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api QueueAPI) error {
	_, dead := queues(o, s)
	letters := []Letter{}
	if err := each(ctx, api, dead, func(l Letter) error {
		letters = append(letters, l)
		return nil
	}); err != nil {
		return err
	}
	for _, l := range letters {
		if err := release(ctx, api, dead, l); err != nil {
			return err
		}
	}
	if o.JSON {
		return io.JSON(letters)
	}
	if len(letters) == 0 {
		io.Notef("no rejected messages\n")
		return nil
	}
	var rows [][]string
	for _, l := range letters {
		rows = append(rows, []string{l.RunID, l.Sender, terminal.OneLine(l.Reason), terminal.OneLine(l.Body)})
	}
	io.Table([]string{"RUN", "SENDER", "REASON", "MESSAGE"}, rows)
	return nil
}

// Redrive sends letters to their queue again, to be judged anew. One that is
// sent twice does no harm: the same request is the same run. On a stage with
// users a request is judged by who sends it: what others have sent would run
// with our rights, and so has to be named, and meant.
func Redrive(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api QueueAPI) error {
	if o.AsMe && len(o.Runs) == 0 {
		return exit.Usage("--as-me requires run ids: review the messages with ephemr requests list, then use ephemr requests redrive --as-me RUN")
	}
	alive, dead := queues(o, s)
	d := drive{
		Options: o, api: api, alive: alive, dead: dead, judged: !o.Events && len(s.Access.Users) > 0,
		wanted: map[string]bool{}, sent: map[string]bool{}, moved: []Letter{},
	}
	for _, id := range o.Runs {
		d.wanted[id] = true
	}
	err := each(ctx, api, dead, func(l Letter) error { return d.visit(ctx, l) })
	for _, l := range d.left {
		err = errors.Join(err, release(ctx, api, dead, l))
	}
	for _, id := range o.Runs {
		if d.wanted[id] {
			err = errors.Join(err, fmt.Errorf("run %s has no message in the dead-letter queue; list messages with: ephemr requests list", id))
		}
	}
	if d.foreign > 0 {
		err = errors.Join(err, fmt.Errorf("%s of others not redriven: they would run with your identity; review them with ephemr requests list, "+
			"and pass their run ids with --as-me", terminal.Count(d.foreign, "message")))
	}
	if o.JSON {
		return errors.Join(err, io.JSON(d.moved))
	}
	io.Printf("%d redriven; if one is rejected again, ephemr runs --state rejected shows the reason\n", len(d.moved))
	return err
}

// drive is one pass over a dead-letter queue.
type drive struct {
	Options
	api         QueueAPI
	alive, dead string
	judged      bool            // by who sends them
	wanted      map[string]bool // runs that are named and not seen yet
	sent        map[string]bool // bodies: what is refused again comes back at once
	moved, left []Letter
	foreign     int // of those left, letters of others
}

func (d *drive) visit(ctx context.Context, l Letter) error {
	named := d.wanted[l.RunID]
	delete(d.wanted, l.RunID)
	switch foreign := d.judged && l.Sender != d.Me; {
	case len(d.Runs) > 0 && !named, d.sent[l.Body]:
		d.left = append(d.left, l)
		return nil
	case foreign && !d.AsMe:
		d.foreign++
		d.left = append(d.left, l)
		return nil
	}
	if _, err := d.api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &d.alive, MessageBody: &l.Body}); err != nil {
		return fmt.Errorf("redrive message: %w", err)
	}
	if _, err := d.api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &d.dead, ReceiptHandle: &l.receipt}); err != nil {
		return fmt.Errorf("delete message from dead-letter queue: %w", err)
	}
	d.sent[l.Body] = true
	d.moved = append(d.moved, l)
	return nil
}

func queues(o Options, s stage.Settings) (alive, dead string) {
	if o.Events {
		return s.EventsQueue, s.EventsDLQ
	}
	return s.RequestsQueue, s.RequestsDLQ
}

// each visits the letters of a queue, each of them hidden from others for a
// while, until the queue shows no more.
func each(ctx context.Context, api QueueAPI, queue string, visit func(Letter) error) error {
	begun := time.Now()
	for time.Since(begun) < hidden*time.Second {
		out, err := api.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: hidden, MessageAttributeNames: []string{"All"}, WaitTimeSeconds: 1,
		})
		if err != nil {
			return fmt.Errorf("read dead-letter queue: %w", err)
		}
		if len(out.Messages) == 0 {
			return nil
		}
		for _, m := range out.Messages {
			l := Letter{
				Body: aws.ToString(m.Body), RunID: attribute(m, "runId"), Reason: attribute(m, "reason"), Sender: attribute(m, "sender"),
				receipt: aws.ToString(m.ReceiptHandle),
			}
			if err := visit(l); err != nil {
				return err
			}
		}
	}
	return nil
}

func attribute(m types.Message, name string) string {
	return aws.ToString(m.MessageAttributes[name].StringValue)
}

// release shows a letter to others again.
func release(ctx context.Context, api QueueAPI, queue string, l Letter) error {
	if _, err := api.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: &queue, ReceiptHandle: &l.receipt}); err != nil {
		return fmt.Errorf("release message of dead-letter queue: %w", err)
	}
	return nil
}
