// Package requests is ephemr requests: what lies in the dead-letter queues, and
// the way back from there.
package requests

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

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
	JSON   bool
}

// Letter is a message in a dead-letter queue; -o json prints an array of them.
type Letter struct {
	RunID  string `json:"runId,omitempty"` // of the rejected run; empty if intake never got to say so
	Reason string `json:"reason,omitempty"`
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
		io.Notef("no dead letters\n")
		return nil
	}
	var rows [][]string
	for _, l := range letters {
		rows = append(rows, []string{l.RunID, terminal.OneLine(l.Reason), terminal.OneLine(l.Body)})
	}
	io.Table([]string{"RUN", "REASON", "MESSAGE"}, rows)
	return nil
}

// Redrive sends letters to their queue again, to be judged anew. One that is
// sent twice does no harm: the same request is the same run.
func Redrive(ctx context.Context, o Options, io *terminal.IO, s stage.Settings, api QueueAPI) error {
	alive, dead := queues(o, s)
	wanted := map[string]bool{}
	for _, id := range o.Runs {
		wanted[id] = true
	}
	moved, others := []Letter{}, []Letter{}
	err := each(ctx, api, dead, func(l Letter) error {
		if len(o.Runs) > 0 && !wanted[l.RunID] {
			others = append(others, l)
			return nil
		}
		if _, err := api.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &alive, MessageBody: &l.Body}); err != nil {
			return fmt.Errorf("send message again: %w", err)
		}
		if _, err := api.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &dead, ReceiptHandle: &l.receipt}); err != nil {
			return fmt.Errorf("delete dead letter: %w", err)
		}
		moved = append(moved, l)
		delete(wanted, l.RunID)
		return nil
	})
	for _, l := range others {
		err = errors.Join(err, release(ctx, api, dead, l))
	}
	var missing []error
	for _, id := range o.Runs {
		if wanted[id] {
			missing = append(missing, fmt.Errorf("run %s has no letter in the dead-letter queue; ephemr requests list shows those that have", id))
		}
	}
	if o.JSON {
		return errors.Join(err, errors.Join(missing...), io.JSON(moved))
	}
	io.Printf("%d sent again; what is still wrong with them ephemr runs --state REJECTED tells\n", len(moved))
	return errors.Join(err, errors.Join(missing...))
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
				Body: aws.ToString(m.Body), RunID: attribute(m, "runId"), Reason: attribute(m, "reason"), receipt: aws.ToString(m.ReceiptHandle),
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
		return fmt.Errorf("release dead letter: %w", err)
	}
	return nil
}
