package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// S3Trigger matches uploaded objects. Patterns are globs, with ** for any number of
// directories: one without a slash matches a name, another the path below prefix.
type S3Trigger struct {
	Bucket  string   `json:"bucket" jsonschema:"required"` // zone of the lake, e.g. raw, or another bucket that the stage lists in its sources
	Prefix  string   `json:"prefix,omitempty"`             // of the object's key, taken literally
	Suffix  Texts    `json:"suffix,omitempty"`             // ends of keys, taken literally; one of them must match
	Globs   []string `json:"globs,omitempty"`              // patterns; one of them must match
	Exclude []string `json:"exclude,omitempty"`            // patterns of objects that start nothing; one without a slash matches directories, too
	Batch   *Batch   `json:"batch,omitempty"`              // one run of many objects
}

// Batch makes one run of many objects. It closes by the first of its keys that applies.
type Batch struct {
	Window     Duration `json:"window,omitempty"`                                          // this long after the first object, 1s to 24h; default 24h
	MaxObjects int      `json:"maxObjects,omitempty" jsonschema:"minimum=1,maximum=10000"` // when it has this many; default 10000
	MaxBytes   Bytes    `json:"maxBytes,omitempty"`                                        // before it has more than this, e.g. 10GiB
	Marker     string   `json:"marker,omitempty"`                                          // when an object that matches this pattern arrives, e.g. _SUCCESS; it is not part of the batch
	Manifest   string   `json:"manifest,omitempty"`                                        // when all objects have arrived that an object matching this pattern lists
}

// Most is how many objects the batch has at most.
func (b Batch) Most() int { return cmp.Or(b.MaxObjects, maxObjects) }

// Lasts is how long the batch stays open after its first object.
func (b Batch) Lasts() time.Duration { return cmp.Or(b.Window.Std(), maxWindow) }

// String describes t in one line, like raw/in/*.csv.
func (t S3Trigger) String() string {
	text := t.Bucket + "/" + t.Prefix + "*"
	switch {
	case len(t.Suffix) == 1:
		text += t.Suffix[0]
	case len(t.Suffix) > 1:
		text += "{" + strings.Join(t.Suffix, ",") + "}"
	}
	if len(t.Globs) > 0 {
		text += " " + strings.Join(t.Globs, " ")
	}
	if t.Batch != nil {
		text += " in batches"
	}
	return text
}

// Texts is a list of texts; a single one is written without brackets.
type Texts []string

// MarshalJSON writes a single text as such: the same as versions that knew no lists.
func (t Texts) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// UnmarshalJSON reads a text or a list of them.
func (t *Texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = Texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// Bytes is a number of bytes, written like "1000000", "500MB" or "10GiB".
type Bytes int64

// MarshalText writes b in digits.
func (b Bytes) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(b), 10), nil }

// UnmarshalText reads what humanize.ParseBytes reads.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil {
		return err
	}
	if n > 1<<62 {
		return fmt.Errorf("%s is too large", text)
	}
	*b = Bytes(n)
	return nil
}

// String is b with a binary unit.
func (b Bytes) String() string { return humanize.IBytes(uint64(max(b, 0))) }
