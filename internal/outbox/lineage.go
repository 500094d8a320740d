package outbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/datazone"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"ephemr/internal/fault"
	"ephemr/internal/notify"
	"ephemr/internal/records"
	"ephemr/internal/stage"
)

// GetAPI reads lineage events.
type GetAPI interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// SecretsAPI reads the key of the server.
type SecretsAPI interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// DataZoneAPI takes lineage events for a domain.
type DataZoneAPI interface {
	PostLineageEvent(context.Context, *datazone.PostLineageEventInput, ...func(*datazone.Options)) (*datazone.PostLineageEventOutput, error)
}

// Lineage sends the lineage events of runs to a domain of Amazon DataZone, or to a server, by
// POST. It is used by one goroutine.
type Lineage struct {
	Settings stage.Settings
	S3       GetAPI
	Secrets  SecretsAPI
	Client   *http.Client // follows no redirects: the key is for one server
	DataZone DataZoneAPI

	key  string
	read time.Time // when key was read
}

const (
	// maxEvent is larger than an event with all findings of a run.
	maxEvent = 4 << 20

	// keyFor is how long a key is used before it is read again.
	keyFor = 5 * time.Minute

	// mostUnread is after how many attempts an event that S3 does not have, about a day, is given up.
	mostUnread = 100
)

// NewClient returns the client of a Lineage: a server that does not answer delays an
// invocation by so much.
func NewClient(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// refusedError is an answer that another attempt would not change.
type refusedError struct{ error }

// send sends the event of o. It tells neither the key nor the answer of the server, which
// may repeat it.
func (l *Lineage) send(ctx context.Context, o Outgoing) error {
	event, err := l.event(ctx, o)
	if err != nil {
		return err
	}
	if domain := l.Settings.Lineage.Domain; domain != "" {
		return l.post(ctx, o, domain, event)
	}
	if err := l.readKey(ctx); err != nil {
		return err
	}
	in, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Settings.Lineage.HTTP.URL, bytes.NewReader(event))
	if err != nil {
		return fmt.Errorf("send lineage event %s: %w", o.Object, err)
	}
	in.Header.Set("Content-Type", "application/json")
	if l.key != "" {
		in.Header.Set("Authorization", "Bearer "+l.key)
	}
	out, err := l.Client.Do(in)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the address
	}
	if err != nil {
		return fmt.Errorf("send lineage event %s: %w", o.Object, err)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(out.Body, maxEvent)) // so that the connection is used again
	_ = out.Body.Close()
	return l.judge(o, out.StatusCode)
}

// post sends an event to a domain, which takes it once for each key. An event that DataZone
// finds invalid, or that is larger than the 300,000 bytes that it takes, is refused.
// Source: Amazon DataZone API Reference, PostLineageEvent.
func (l *Lineage) post(ctx context.Context, o Outgoing, domain string, event []byte) error {
	sum := sha256.Sum256([]byte(o.Object))
	ctx, cancel := context.WithTimeout(ctx, l.Client.Timeout)
	defer cancel()
	_, err := l.DataZone.PostLineageEvent(ctx, &datazone.PostLineageEventInput{
		DomainIdentifier: &domain, Event: event, ClientToken: aws.String(hex.EncodeToString(sum[:])),
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("send lineage event %s to domain %s: %w", o.Object, domain, err)
	if fault.NameOf(err) == fault.InvalidInput {
		return refusedError{err}
	}
	return err
}

// judge is the error for a status: what is wrong with an event stays wrong, and anything
// else may pass.
func (l *Lineage) judge(o Outgoing, status int) error {
	switch {
	case status >= http.StatusOK && status < http.StatusMultipleChoices:
		return nil
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		l.read = time.Time{} // the key may have changed
	}
	err := fmt.Errorf("send lineage event %s: the server of lineage.http answered %d %s", o.Object, status, http.StatusText(status))
	if status == http.StatusBadRequest || status == http.StatusRequestEntityTooLarge || status == http.StatusUnprocessableEntity {
		return refusedError{err}
	}
	return err
}

// event reads the event. Its object is created after o, and deleted when the bucket says so.
func (l *Lineage) event(ctx context.Context, o Outgoing) ([]byte, error) {
	out, err := l.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.Settings.LogsBucket, Key: &o.Object})
	var data []byte
	if err == nil {
		defer out.Body.Close() //nolint:errcheck // only read
		data, err = io.ReadAll(io.LimitReader(out.Body, maxEvent))
	}
	if err == nil {
		return data, nil
	}
	err = fmt.Errorf("read lineage event s3://%s/%s: %w", l.Settings.LogsBucket, o.Object, err)
	if o.attempts >= mostUnread {
		return nil, refusedError{err}
	}
	return nil, err
}

// readKey reads the key, unless the stage has none, or it was read a short while ago.
func (l *Lineage) readKey(ctx context.Context) error {
	name := l.Settings.Lineage.HTTP.Secret
	if name == "" || time.Since(l.read) < keyFor {
		return nil
	}
	out, err := l.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &name})
	if err != nil {
		return fmt.Errorf("read secret %s of lineage.http: %w", name, err)
	}
	l.key, l.read = aws.ToString(out.SecretString), time.Now()
	return nil
}

// PutLineage records that the event at a key is to be sent, once for each key.
func (s *Store) PutLineage(ctx context.Context, key string) error {
	now := time.Now()
	o := Outgoing{Of: "lineage " + key, Destination: stage.OpenLineage, Object: key, Message: notify.Message{ID: key, At: now}}
	it, err := o.item(now)
	if err != nil {
		return err
	}
	if _, err := records.Put(ctx, s.DB, s.Table, it, records.Absent()); err != nil {
		return fmt.Errorf("record lineage event %s: %w", key, err)
	}
	return nil
}
