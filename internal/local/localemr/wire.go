package localemr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	contentType  = "application/x-amz-json-1.1"
	targetPrefix = "ElasticMapReduce."
	maxBody      = 4 << 20
)

// epoch is a time as the protocol writes it: seconds with a fraction.
type epoch struct{ time.Time }

func now() epoch { return epoch{time.Now().Truncate(time.Millisecond)} }

// MarshalJSON writes seconds to the millisecond, as EMR does.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', 3, 64), nil
}

// UnmarshalJSON reads seconds.
func (e *epoch) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	seconds, err := strconv.ParseFloat(string(b), 64)
	if err != nil {
		return fmt.Errorf("read epoch seconds: %w", err)
	}
	e.Time = time.UnixMilli(int64(seconds * 1000))
	return nil
}

// operation answers one request: raw JSON in, a value to encode out.
type operation func(ctx context.Context, body []byte) (any, error)

// op adapts a typed method. A parameter that In does not have is refused: ignored
// parameters would hide bugs.
func op[In, Out any](f func(context.Context, *In) (*Out, error)) operation {
	return func(ctx context.Context, body []byte) (any, error) {
		in := new(In)
		dec := json.NewDecoder(bytes.NewReader(body))
		dec.DisallowUnknownFields()
		if err := dec.Decode(in); err != nil && !errors.Is(err, io.EOF) {
			return nil, malformed(err)
		}
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		return out, nil
	}
}

// malformed is the error of a body that an operation's parameters cannot hold.
func malformed(err error) error {
	if field, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return unsupported(strings.Trim(field, `"`))
	}
	return serialization("") // its type is right by the model: a number such as 1e3
}

// serveEMR is the EMR endpoint: POST / with an X-Amz-Target.
func (s *Server) serveEMR(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Amzn-Requestid", newUUID())
	name, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)
	if !ok {
		name = ""
	}
	do := s.operations[name]
	if do == nil {
		s.writeError(w, r, unknownOperation(name))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.writeError(w, r, validation("The request could not be read, or is larger than %d bytes.", maxBody))
		return
	}
	out, err := s.call(r.Context(), name, body, do)
	switch {
	case errors.Is(err, errAnswerLost):
		panic(http.ErrAbortHandler) // closes the connection without an answer
	case err != nil:
		s.writeError(w, r, err)
	default:
		s.write(w, r, http.StatusOK, out)
	}
}

var errAnswerLost = errors.New("answer lost by a fault")

// call counts the request and applies faults before and after its effect.
func (s *Server) call(ctx context.Context, name string, body []byte, do operation) (any, error) {
	about := subjectOf(body)
	clusters := about.clusters()
	attrs := map[string]string{"op": name, "cluster": about.Name, "step": ""}
	if len(clusters) > 0 {
		attrs["cluster"] = s.nameOf(clusters[0])
	}
	if len(about.Steps) > 0 {
		attrs["step"] = about.Steps[0].Name
	}
	if err := s.refuse(name, attrs); err != nil {
		s.calls.count(name, clusters, true)
		return nil, err
	}
	s.calls.count(name, clusters, false)
	if err := checkRequest(name, body); err != nil {
		return nil, err
	}
	out, err := do(ctx, body)
	if err == nil && s.faults.take(kindLostAnswer, attrs) != nil {
		return nil, errAnswerLost
	}
	return out, err
}

// refuse applies the faults that prevent the effect of a request.
func (s *Server) refuse(name string, attrs map[string]string) error {
	if s.faults.take(kindThrottle, attrs) != nil {
		return throttled()
	}
	if s.faults.take(kindServerError, attrs) != nil {
		return internalFailure(name)
	}
	if s.settings().Throttle && !s.buckets.take(name, time.Now()) {
		return throttled()
	}
	return nil
}

// subject is the cluster and steps of a request, for the counters and the faults.
type subject struct {
	Name                             string // of the cluster to run
	ClusterID, JobFlowID, ResourceID string
	JobFlowIDs                       []string
	Steps                            []struct{ Name string }
}

// subjectOf reads the subject of a request; errors are left to its operation.
func subjectOf(body []byte) subject {
	var in subject
	if err := json.Unmarshal(body, &in); err != nil {
		return subject{}
	}
	return in
}

func (in *subject) clusters() []string {
	for _, id := range []string{in.ClusterID, in.JobFlowID, in.ResourceID} {
		if id != "" {
			return []string{id}
		}
	}
	return in.JobFlowIDs
}

func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		s.log.ErrorContext(r.Context(), "answer request", "error", err)
		e, _ = errors.AsType[*apiError](internalFailure(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), targetPrefix)))
	}
	w.Header().Set("X-Amzn-Errortype", e.code)
	s.write(w, r, e.status, e.body())
}

func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.log.DebugContext(r.Context(), "write answer", "error", err)
	}
}
