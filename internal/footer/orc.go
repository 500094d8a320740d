package footer

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"google.golang.org/protobuf/encoding/protowire"
)

// The end of an ORC file: footer, postscript, and the length of the postscript in one byte.
// https://orc.apache.org/specification/ORCv1/
const orcMagic = "ORC"

// isORC reports whether the last bytes of a file are those of ORC: the postscript ends with the
// magic word, or has it before newer fields.
func isORC(tail []byte) bool {
	if len(tail) < smallest {
		return false
	}
	length := int(tail[len(tail)-1])
	if length+1 > len(tail) {
		return false
	}
	p := parseFields(tail[len(tail)-1-length : len(tail)-1])
	return p.ok && string(p.bytes(psMagic)) == orcMagic
}

// Numbers of fields of a postscript.
const (
	psFooterLength  = 1
	psCompression   = 2
	psBlockSize     = 3
	psWriterVersion = 6
	psMagic         = 8000
)

// orcEnd is what the postscript says.
type orcEnd struct {
	length      int64 // of the footer, in bytes
	behind      int64 // bytes after the footer
	compression uint64
	old         bool // the writer compared some values otherwise than their type
}

func orcEndOf(tail []byte, size int64) (orcEnd, error) {
	length := int64(tail[len(tail)-1])
	p := parseFields(tail[int64(len(tail))-1-length : len(tail)-1])
	e := orcEnd{length: int64(p.number(psFooterLength)), behind: length + 1, compression: p.number(psCompression), old: p.number(psWriterVersion) < 1} //nolint:gosec // checked
	switch {
	case e.length < 0 || e.length > size-e.behind-int64(len(orcMagic)):
		return e, invalid("was cut short: its footer has %d bytes, the file %d", p.number(psFooterLength), size)
	case e.length > Largest:
		return e, invalid("has a footer of %d bytes, more than %d: write fewer stripes or columns a file", e.length, Largest)
	}
	return e, nil
}

// decodeORC reads the footer at the end of tail.
func decodeORC(tail []byte, e orcEnd) (f *File, err error) {
	defer func() { // the file is untrusted
		if p := recover(); p != nil {
			f, err = nil, invalid("is not valid ORC: %v", p)
		}
	}()
	to := int64(len(tail)) - e.behind
	plain, err := decompress(tail[to-e.length:to], e.compression)
	if err != nil {
		return nil, invalid("is not valid ORC: %v", err)
	}
	return orcFile(plain, e.old)
}

// decompress joins the chunks of a compressed section: a header of three bytes has the length
// of each, and whether it is not compressed.
func decompress(b []byte, compression uint64) ([]byte, error) {
	if compression == 0 {
		return b, nil
	}
	var plain []byte
	for len(b) > 0 {
		if len(b) < chunkHeader {
			return nil, io.ErrUnexpectedEOF
		}
		header := int(b[0]) | int(b[1])<<8 | int(b[2])<<16
		length := header >> 1
		if b = b[chunkHeader:]; length > len(b) {
			return nil, io.ErrUnexpectedEOF
		}
		chunk := b[:length]
		b = b[length:]
		if header&1 == 0 {
			var err error
			if chunk, err = inflate(chunk, compression); err != nil {
				return nil, err
			}
		}
		if len(plain)+len(chunk) > Largest {
			return nil, errTooLarge
		}
		plain = append(plain, chunk...)
	}
	return plain, nil
}

const (
	chunkHeader = 3       // bytes
	largestPart = 8 << 20 // bytes of a chunk; writers use 256 KiB
)

var errTooLarge = fmt.Errorf("the footer has more than %d bytes", Largest)

// inflate decompresses a chunk.
func inflate(chunk []byte, compression uint64) ([]byte, error) {
	switch compression {
	case 1: // zlib, without its header
		return limited(flate.NewReader(bytes.NewReader(chunk)))
	case 2: //nolint:mnd // snappy
		if n, err := snappy.DecodedLen(chunk); err != nil || n > largestPart {
			return nil, errors.Join(err, errors.New("invalid chunk"))
		}
		return snappy.Decode(nil, chunk)
	case 4: //nolint:mnd // lz4, without a frame
		for size := max(4*len(chunk), 1<<10); ; size *= 4 {
			out := make([]byte, min(size, largestPart))
			n, err := lz4.UncompressBlock(chunk, out)
			if err == nil {
				return out[:n], nil
			}
			if size >= largestPart {
				return nil, err //nolint:wrapcheck // by decodeORC
			}
		}
	case 5: //nolint:mnd // zstd
		r, err := zstd.NewReader(bytes.NewReader(chunk), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(largestPart))
		if err != nil {
			return nil, err //nolint:wrapcheck // by decodeORC
		}
		defer r.Close()
		return limited(r)
	}
	return nil, fmt.Errorf("unknown compression %d", compression)
}

func limited(r io.Reader) ([]byte, error) {
	out, err := io.ReadAll(io.LimitReader(r, largestPart+1))
	if err == nil && len(out) > largestPart {
		err = errTooLarge
	}
	return out, err
}

// fields are those of a message of Protocol Buffers, by number. Repeated ones are all kept.
type fields struct {
	ok      bool
	numbers map[protowire.Number][]uint64
	texts   map[protowire.Number][][]byte
}

func parseFields(b []byte) fields {
	f := fields{numbers: map[protowire.Number][]uint64{}, texts: map[protowire.Number][][]byte{}}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return f
		}
		b = b[n:]
		var v uint64
		var text []byte
		switch kind { //nolint:exhaustive // groups are not used
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			text, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return f
		}
		b = b[n:]
		switch kind { //nolint:exhaustive // as above
		case protowire.VarintType, protowire.Fixed64Type:
			f.numbers[number] = append(f.numbers[number], v)
		case protowire.BytesType:
			f.texts[number] = append(f.texts[number], text)
		}
	}
	f.ok = true
	return f
}

func (f fields) has(n protowire.Number) bool { return len(f.numbers[n])+len(f.texts[n]) > 0 }

// number is the last value of a field, as it is on the wire; 0 if there is none.
func (f fields) number(n protowire.Number) uint64 {
	if all := f.numbers[n]; len(all) > 0 {
		return all[len(all)-1]
	}
	return 0
}

// signed is the value of a field with zigzag encoding.
func (f fields) signed(n protowire.Number) int64 { return protowire.DecodeZigZag(f.number(n)) }

func (f fields) bytes(n protowire.Number) []byte {
	if all := f.texts[n]; len(all) > 0 {
		return all[len(all)-1]
	}
	return nil
}

// message is the value of a field that is a message.
func (f fields) message(n protowire.Number) fields { return parseFields(f.bytes(n)) }

// list are the values of a repeated field of integers, packed or not.
func (f fields) list(n protowire.Number) []uint64 {
	all := f.numbers[n]
	for _, packed := range f.texts[n] {
		for len(packed) > 0 {
			v, size := protowire.ConsumeVarint(packed)
			if size < 0 {
				return all
			}
			all, packed = append(all, v), packed[size:]
		}
	}
	return all
}
