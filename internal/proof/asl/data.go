package asl

import (
	"bytes"
	"encoding/json"
	"io"
)

// maxPayload is Step Functions' limit for a state's input, output and result.
const maxPayload = 256 << 10

// decode reads exactly one JSON value; numbers keep their digits.
func decode(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &json.SyntaxError{Offset: d.InputOffset()}
	}
	return v, nil
}

// encode writes v as JSON without escaping <, > and &, which Step Functions
// does not either.
func encode(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // v came from decode
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
