package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readJSON turns a JSON document into nodes; unlike json.Unmarshal it keeps
// doubled keys, so that they can be refused.
func readJSON(data []byte) (*node, error) {
	r := &jsonReader{dec: json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	n, err := r.value(0)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the text ends too early")
	}
	if err != nil {
		return nil, &syntaxError{msg: fmt.Sprintf("not valid JSON at byte %d: %v", r.dec.InputOffset(), err)}
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, &syntaxError{msg: fmt.Sprintf("more than one JSON value at byte %d; send a single one", r.dec.InputOffset())}
	}
	return n, nil
}

type jsonReader struct {
	dec  *json.Decoder
	size int
}

func (r *jsonReader) value(depth int) (*node, error) {
	t, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	if r.size++; r.size > maxNodes || depth > maxDepth {
		return nil, errors.New("too large or too deeply nested")
	}
	switch t := t.(type) {
	case json.Delim:
		return r.container(t, depth)
	case string:
		return &node{kind: textNode, text: t}, nil
	case json.Number:
		return &node{kind: numNode, text: t.String()}, nil
	case bool:
		return &node{kind: boolNode, text: fmt.Sprint(t)}, nil
	default:
		return &node{kind: nullNode}, nil
	}
}

func (r *jsonReader) container(open json.Delim, depth int) (*node, error) {
	n := &node{kind: listNode}
	if open == '{' {
		n.kind = mapNode
	}
	for r.dec.More() {
		if n.kind == listNode {
			v, err := r.value(depth + 1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, v)
			continue
		}
		key, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.keys = append(n.keys, member{name: fmt.Sprint(key), value: v})
	}
	_, err := r.dec.Token() // the closing bracket
	return n, err
}
