package pipeline

import (
	"errors"
	"reflect"
	"strings"
)

// Decoded is a YAML file that DecodeYAML has read, with the faults found in it so far.
type Decoded struct{ f *faults }

// DecodeYAML fills into, a pointer to a struct, from a file that is written like a
// pipeline file: unknown and duplicate keys and values of other types are faults.
// It goes on after a fault, so that rules can add theirs before Err lists all.
func DecodeYAML(file string, data []byte, into any) *Decoded {
	d := &Decoded{&faults{file: file, at: map[string]position{}, tainted: map[string]bool{}}}
	root, err := readBounded(data, readYAML)
	if err != nil {
		pos := position{1, 1}
		if e, ok := errors.AsType[*syntaxError](err); ok && e.pos.line > 0 {
			pos = e.pos
		}
		d.f.addAt(pos, nil, "%v", err)
		d.f.taint(nil)
		return d
	}
	(&decoder{faults: d.f}).value(nil, root, reflect.ValueOf(into).Elem())
	return d
}

// Fault adds a fault of the value at path, as expected.datasets[0].rows, unless the
// decoder has reported that value or the whole file already.
func (d *Decoded) Fault(path, format string, args ...any) {
	if d.f.tainted[""] {
		return
	}
	pos := d.f.at[""]
	for at := path; ; at = at[:strings.LastIndexAny(at, ".[")] {
		if d.f.tainted[at] {
			return
		}
		if known, ok := d.f.at[at]; ok {
			pos = known
			break
		}
		if !strings.ContainsAny(at, ".[") {
			break
		}
	}
	d.f.addAt(pos, &place{text: path}, format, args...)
}

// Err joins an *Error for every fault, in the order of the file.
func (d *Decoded) Err() error { return d.f.err() }
