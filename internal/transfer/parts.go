package transfer

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
)

// PartSize is the size of the parts of a large file, in bytes, but of the last. A file of at
// most this size is uploaded in one request.
const PartSize = 8 << 20

// maxParts is how many parts an upload to S3 has at most.
const maxParts = 10_000

// part is a span of a file.
type part struct {
	number       int32
	offset, size int64
}

// partsOf divides a file. The parts depend on its size only: another process finds the same.
func partsOf(size int64) []part {
	each := int64(PartSize)
	if least := (size + maxParts - 1) / maxParts; least > each {
		each = (least + 1<<20 - 1) >> 20 << 20
	}
	var parts []part
	for offset := int64(0); offset < size; offset += each {
		parts = append(parts, part{number: int32(len(parts) + 1), offset: offset, size: min(each, size-offset)}) //nolint:gosec // at most 10,000
	}
	return parts
}

// body is the content of a part, which can be read again.
func (p part) body(f *os.File) *io.SectionReader { return io.NewSectionReader(f, p.offset, p.size) }

type digest [sha256.Size]byte

func (d digest) String() string { return base64.StdEncoding.EncodeToString(d[:]) }

func digestOf(r io.Reader, size int64) (digest, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, r)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	return digest(sum.Sum(nil)), err
}

// composite is the checksum that S3 has for an object of several parts.
func composite(parts []digest) string {
	all := sha256.New()
	for _, d := range parts {
		all.Write(d[:])
	}
	return fmt.Sprintf("%s-%d", digest(all.Sum(nil)), len(parts))
}
