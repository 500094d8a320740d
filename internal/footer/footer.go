// Package footer reads what the footers of Parquet and ORC files say about their rows and
// columns, by two ranged reads a file and without reading data.
package footer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/parquet-go/parquet-go"
)

const (
	// Tail is how many bytes are read from the end of a file at first: most footers are smaller.
	Tail = 64 << 10

	// Largest is the size of the largest footer that is read. Decoded, it takes several times as much memory.
	Largest = 16 << 20

	smallest = 12 // bytes: two magic words and the length of an empty footer
	ending   = 8  // bytes: length and magic word
)

// InvalidError is a file whose footer cannot be used. The file has to be replaced:
// reading it again will not help.
type InvalidError struct{ Why string }

func (e *InvalidError) Error() string { return e.Why }

func invalid(format string, args ...any) error { return &InvalidError{fmt.Sprintf(format, args...)} }

// File is the footer of one file.
type File struct {
	Rows      int64
	RowGroups int
	Columns   []Column
	Groups    map[string]string // types of columns that have columns below them: struct, list, map
}

// Read reads the footer of a file of size bytes. Reserve is called before a footer
// that is larger than Tail is read, and returns what gives the memory back; nil =
// there is no limit. An error that is not an InvalidError is one of reading.
func Read(r io.ReaderAt, size int64, reserve func(bytes int64) (release func(), err error)) (*File, error) {
	buf, _ := tails.Get().(*[Tail]byte)
	defer tails.Put(buf) // decode copies what it needs
	tail, release, err := read(r, size, buf[:], reserve)
	if err != nil {
		return nil, err
	}
	defer release()
	if tail.orc != nil {
		return decodeORC(tail.bytes, *tail.orc)
	}
	return decode(tail, size)
}

// tails are buffers: thousands of files are read in turn.
var tails = sync.Pool{New: func() any { return new([Tail]byte) }}

// Open is Read for a reader of the columns too: their pages are read with PagesFrom,
// because the file has only the footer.
func Open(r io.ReaderAt, size int64) (f *parquet.File, err error) {
	tail, _, err := read(r, size, make([]byte, min(size, Tail)), nil)
	if err != nil {
		return nil, err
	}
	if tail.orc != nil {
		return nil, invalid("is ORC, of which only the footer is read, not values; use expectations that it decides, or write Parquet")
	}
	defer func() { // the file is untrusted
		if p := recover(); p != nil {
			f, err = nil, invalid("is not valid Parquet: %v", p)
		}
	}()
	f, err = parquet.OpenFile(tail, size, parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, invalid("is not valid Parquet: %v", err)
	}
	return f, nil
}

// read reads the end of a file, with the footer, into buf if it is large enough. Release
// gives back what was reserved.
func read(r io.ReaderAt, size int64, buf []byte, reserve func(bytes int64) (release func(), err error)) (_ *end, release func(), err error) {
	release = func() {}
	if size < smallest {
		return nil, release, invalid("is neither Parquet nor ORC: it has only %d bytes", size)
	}
	tail := buf[:min(size, int64(len(buf)))]
	if err := fill(r, tail, size-int64(len(tail))); err != nil {
		return nil, release, err
	}
	length, behind, orc, err := shape(tail, size)
	if err != nil {
		return nil, release, err
	}
	if missing := length + behind - int64(len(tail)); missing > 0 {
		if reserve != nil {
			if release, err = reserve(length); err != nil {
				return nil, func() {}, err
			}
		}
		whole := make([]byte, length+behind)
		copy(whole[missing:], tail)
		if err := fill(r, whole[:missing], size-int64(len(whole))); err != nil {
			release()
			return nil, func() {}, err
		}
		tail = whole
	}
	return &end{tail, size - int64(len(tail)), orc}, release, nil
}

// shape finds the length of the footer, and how many bytes are behind it. orc is nil for Parquet.
func shape(tail []byte, size int64) (length, behind int64, orc *orcEnd, err error) {
	if isORC(tail) {
		e, err := orcEndOf(tail, size)
		return e.length, e.behind, &e, err
	}
	length, err = lengthOf(tail, size)
	return length, ending, nil, err
}

func fill(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err // names the file
	}
	return fmt.Errorf("read %d bytes at %d: %w", len(p), at, io.ErrUnexpectedEOF)
}

// lengthOf reads the last bytes of a file.
func lengthOf(tail []byte, size int64) (int64, error) {
	last := tail[len(tail)-ending:]
	switch magic := string(last[4:]); {
	case magic == "PAR1":
	case magic == "PARE":
		return 0, invalid("has an encrypted footer, which is not supported")
	case string(tail[:min(len(orcMagic), len(tail))]) == orcMagic && size <= int64(len(tail)):
		return 0, invalid("is ORC that was cut short: its last bytes are missing")
	case size <= int64(len(tail)) && string(tail[:4]) == "PAR1":
		return 0, invalid("is Parquet that was cut short: its last bytes are missing")
	default:
		return 0, invalid("is neither Parquet nor ORC, or was cut short")
	}
	length := int64(binary.LittleEndian.Uint32(last))
	switch {
	case length > size-smallest:
		return 0, invalid("was cut short: its footer has %d bytes, the file %d", length, size)
	case length > Largest:
		return 0, invalid("has a footer of %d bytes, more than %d: write fewer row groups or columns a file", length, Largest)
	}
	return length, nil
}

// end serves the last bytes of a file.
type end struct {
	bytes []byte
	from  int64
	orc   *orcEnd // nil = it is Parquet
}

// ReadAt fails for what is before them.
func (e *end) ReadAt(p []byte, at int64) (int, error) {
	if at < e.from {
		return 0, errors.New("not part of the footer")
	}
	n := copy(p, e.bytes[min(at-e.from, int64(len(e.bytes))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// decode reads what the footer says.
func decode(r io.ReaderAt, size int64) (f *File, err error) {
	defer func() { // the file is untrusted
		if p := recover(); p != nil {
			f, err = nil, invalid("is not valid Parquet: %v", p)
		}
	}()
	p, err := parquet.OpenFile(r, size, parquet.SkipMagicBytes(true), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, invalid("is not valid Parquet: %v", err)
	}
	return &File{Rows: p.NumRows(), RowGroups: len(p.Metadata().RowGroups), Columns: columnsOf(p), Groups: groupsOf(p.Root(), map[string]string{})}, nil
}
