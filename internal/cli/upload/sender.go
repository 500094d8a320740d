package upload

import (
	"context"
	"sync"

	"ephemr/internal/cli/progress"
	"ephemr/internal/pack"
)

// Sender uploads packages to a bucket, each once. It may be used concurrently.
type Sender struct {
	api    S3API
	bucket string
	meter  *progress.Meter

	mu   sync.Mutex
	done map[string]func() (bool, error)
	turn sync.Mutex // of the upload that has a bar: there is one at a time
}

// NewSender returns a Sender.
func NewSender(api S3API, bucket string, meter *progress.Meter) *Sender {
	return &Sender{api: api, bucket: bucket, meter: meter, done: map[string]func() (bool, error){}}
}

// Exists reports whether p is in the bucket.
func (s *Sender) Exists(ctx context.Context, p *pack.Package) (bool, error) {
	return s.once("exists "+p.Key(), func() (bool, error) { return Exists(ctx, s.api, s.bucket, p) })
}

// Send uploads p; false if it existed already.
func (s *Sender) Send(ctx context.Context, p *pack.Package) (bool, error) {
	return s.once("send "+p.Key(), func() (bool, error) {
		if s.meter == nil {
			return Send(ctx, s.api, s.bucket, p, nil)
		}
		if exists, err := s.Exists(ctx, p); exists || err != nil {
			return false, err
		}
		s.turn.Lock()
		defer s.turn.Unlock()
		return Send(ctx, s.api, s.bucket, p, s.meter)
	})
}

// once does something for a key at the first call, and returns its result at all calls.
func (s *Sender) once(key string, do func() (bool, error)) (bool, error) {
	s.mu.Lock()
	if s.done[key] == nil {
		s.done[key] = sync.OnceValues(do)
	}
	f := s.done[key]
	s.mu.Unlock()
	return f()
}
