package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"ephemr/internal/runner/mask"
)

// Limits of a job's outputs.
const (
	maxOutputs     = 64
	maxOutputValue = 4 << 10  // bytes
	maxOutputsAll  = 32 << 10 // bytes of keys and values together
	maxOutputsFile = 1 << 20  // bytes, with all that is set again
)

var outputKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,127}$`)

// readOutputs reads the file that $EPHEMR_OUTPUT names, in the format of GitHub
// Actions: key=value, or for several lines key<<WORD, the lines, and WORD. Any
// other line, and a key that is set twice, is an error: jobs that use the outputs
// must not get incomplete ones, and a value of several lines must not set others.
//
// An error quotes nothing that m finds.
func readOutputs(name string, m *mask.Masker) (map[string]string, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() { // a pipe would never end
		return nil, errors.New("read outputs: the file of $EPHEMR_OUTPUT is gone")
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
	values, err := parseOutputs(string(text))
	if err == nil || m == nil {
		return values, err
	}
	if _, err = parseOutputs(m.Text(string(text))); err == nil {
		err = errors.New("read outputs: a line with a secret is not key=value")
	}
	return nil, err
}

func parseOutputs(text string) (map[string]string, error) {
	p := outputParser{lines: strings.Split(text, "\n"), values: map[string]string{}, set: map[string]int{}}
	for p.at < len(p.lines) {
		if err := p.next(); err != nil {
			return nil, fmt.Errorf("read outputs: %w", err)
		}
	}
	size := 0
	for k, v := range p.values {
		size += len(k) + len(v)
	}
	switch {
	case len(p.values) == 0:
		return nil, nil
	case len(p.values) > maxOutputs:
		return nil, fmt.Errorf("read outputs: %d outputs are more than %d", len(p.values), maxOutputs)
	case size > maxOutputsAll:
		return nil, fmt.Errorf("read outputs: %d bytes are more than %d", size, maxOutputsAll)
	}
	return p.values, nil
}

type outputParser struct {
	lines  []string
	at     int // of the next one
	values map[string]string
	set    map[string]int // the line that sets a key
}

// line returns the next line, without the ends and the marks of Windows.
func (p *outputParser) line() string {
	line := strings.TrimSuffix(p.lines[p.at], "\r")
	p.at++
	return line
}

// next reads an output, or an empty line.
func (p *outputParser) next() error {
	line := strings.TrimPrefix(p.line(), "\ufeff")
	n := p.at
	if strings.TrimSpace(line) == "" {
		return nil
	}
	key, value, kind := splitOutput(line)
	switch {
	case kind == neither:
		return fmt.Errorf("line %d is not key=value: %s; write a value of several lines as key<<END, the lines, and END", n, quoted(line))
	case !outputKey.MatchString(key):
		return fmt.Errorf("line %d: %s is not a key: begin with a letter or _, then letters, digits, _, . and -; "+
			"write a value of several lines as key<<END, the lines, and END", n, quoted(key))
	case p.set[key] > 0:
		return fmt.Errorf("line %d sets %s again, which line %d has set", n, key, p.set[key])
	}
	p.set[key] = n
	if kind == block {
		var err error
		if value, err = p.block(key, strings.TrimSpace(value), n); err != nil {
			return err
		}
	}
	return p.add(key, value, n)
}

// The kinds of lines.
const (
	neither = iota
	single  // key=value
	block   // key<<WORD
)

// splitOutput returns the key of a line, and its value or its word.
func splitOutput(line string) (key, value string, kind int) {
	key, value, isLine := strings.Cut(line, "=")
	name, word, isBlock := strings.Cut(line, "<<")
	switch {
	case isBlock && (!isLine || len(name) < len(key)):
		key, value, kind = name, word, block
	case isLine:
		kind = single
	}
	return strings.TrimRight(key, " \t"), strings.TrimLeft(value, " \t"), kind
}

func (p *outputParser) add(key, value string, n int) error {
	switch {
	case len(value) > maxOutputValue:
		return fmt.Errorf("line %d: the value of %s has %d bytes, more than %d", n, key, len(value), maxOutputValue)
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return fmt.Errorf("line %d: the value of %s is not UTF-8 text", n, key)
	}
	p.values[key] = value
	return nil
}

// block reads the lines up to the one that is word.
func (p *outputParser) block(key, word string, n int) (string, error) {
	if word == "" {
		return "", fmt.Errorf("line %d: %s<< has no word that ends the value, as in %s<<END", n, key, key)
	}
	var lines []string
	for p.at < len(p.lines) {
		line := p.line()
		if line == word {
			return strings.Join(lines, "\n"), nil
		}
		lines = append(lines, line)
	}
	return "", fmt.Errorf("line %d: the value of %s is not closed by a line %s", n, key, quoted(word))
}

// quoted shortens what a message quotes.
func quoted(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "…"
	}
	return strconv.Quote(text)
}
