package runner

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Limits of a job's outputs.
const (
	maxOutputs     = 64
	maxOutputValue = 4 << 10  // bytes
	maxOutputsAll  = 32 << 10 // bytes of keys and values together
	maxOutputsFile = 1 << 20  // bytes, with all that is set again
)

var outputKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// readOutputs reads the file that $EPHEMR_OUTPUT names: a line key=value for
// each output. Empty lines are skipped, and a key set again takes the last
// value. Any other line is an error: jobs that use the outputs must not get
// incomplete ones.
func readOutputs(name string) (map[string]string, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() { // a pipe would never end
		return nil, fmt.Errorf("read outputs: the file of $EPHEMR_OUTPUT is gone")
	}
	f, err := os.Open(name) //nolint:gosec // in our own work directory
	if err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, maxOutputsFile+1))
	if err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	if len(text) > maxOutputsFile {
		return nil, fmt.Errorf("read outputs: the file has more than %d bytes", maxOutputsFile)
	}
	return parseOutputs(string(text))
}

func parseOutputs(text string) (map[string]string, error) {
	outputs := map[string]string{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		switch {
		case !ok || !outputKey.MatchString(key):
			return nil, fmt.Errorf("read outputs: line %d is not key=value", n)
		case len(value) > maxOutputValue:
			return nil, fmt.Errorf("read outputs: the value of %s has %d bytes, more than %d", key, len(value), maxOutputValue)
		case !utf8.ValidString(value):
			return nil, fmt.Errorf("read outputs: the value of %s is not UTF-8", key)
		}
		outputs[key] = value
	}
	size := 0
	for k, v := range outputs {
		size += len(k) + len(v)
	}
	switch {
	case len(outputs) == 0:
		return nil, nil
	case len(outputs) > maxOutputs:
		return nil, fmt.Errorf("read outputs: %d outputs are more than %d", len(outputs), maxOutputs)
	case size > maxOutputsAll:
		return nil, fmt.Errorf("read outputs: %d bytes are more than %d", size, maxOutputsAll)
	}
	return outputs, nil
}
