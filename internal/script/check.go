package script

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"ephemr/internal/job"
)

const byteOrderMark = "\ufeff"

// Check returns an error if the program that runs a file of a job would
// misread its encoding or its line ends. The error names the file and the line.
func Check(t job.Type, name string, entry bool, text io.Reader) error {
	r := bufio.NewReaderSize(text, 64<<10)
	head, err := r.Peek(MaxHead)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	content := bytes.TrimPrefix(head, []byte(byteOrderMark))
	language := LanguageOf(t, name, entry, content)
	switch {
	case language == Other:
		return nil
	case isUTF16(head):
		return fmt.Errorf("%s:1: the file is encoded in UTF-16; save it as UTF-8 without a byte order mark", name)
	case len(content) < len(head):
		return fmt.Errorf("%s:1: the file begins with a byte order mark; save it as UTF-8 without one", name)
	}
	return lines(r, name, language)
}

// isUTF16 also recognizes UTF-16 without a byte order mark, whose ASCII
// characters have a zero byte each.
func isUTF16(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return true
	}
	return len(head) > 1 && (head[0] == 0) != (head[1] == 0)
}

// lines checks the ends of all lines that matter to a language.
func lines(r *bufio.Reader, name string, language Language) error {
	for n, last := 1, false; !last; n++ {
		line, err := r.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", name, err)
		}
		if fault := faultOf(bytes.TrimSuffix(line, []byte("\n")), n == 1, language); fault != "" {
			return fmt.Errorf("%s:%d: %s", name, n, fault)
		}
		last = err != nil || language == Line
	}
	return nil
}

// faultOf describes what is wrong with a line, or is "".
func faultOf(line []byte, first bool, language Language) string {
	switch {
	case len(line) > 0 && line[len(line)-1] == '\r':
		return "the line ends with CR LF, as on Windows; convert the file to LF, with dos2unix for example"
	case first && bytes.IndexByte(firstWords(line, language), '\r') >= 0:
		return "the lines end with CR; convert the file to LF"
	case language == SQL && bytes.IndexByte(line, 0) >= 0:
		return "the line has a zero byte; save the file as UTF-8"
	case language == SQL && !utf8.Valid(line):
		return "the line is not UTF-8; save the file as UTF-8"
	}
	return ""
}

// firstWords is the part of a first line in which CR cannot be meant: a script
// whose lines end with CR alone is one line to its interpreter.
func firstWords(line []byte, language Language) []byte {
	if language == Line || bytes.HasPrefix(line, []byte("#")) || bytes.HasPrefix(line, []byte("--")) {
		return line
	}
	word, _, _ := bytes.Cut(line, []byte(" "))
	return word
}
