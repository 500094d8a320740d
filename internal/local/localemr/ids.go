package localemr

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// newID returns an id as EMR makes them: the prefix and 13 characters. It is
// never seeded: ids must stay unique across restarts on one data directory.
func newID(prefix string) string {
	b := randomBytes(13)
	for i, v := range b {
		b[i] = idAlphabet[int(v)%len(idAlphabet)]
	}
	return prefix + string(b)
}

// newEC2ID returns an EC2 instance id.
func newEC2ID() string { return "i-" + hex.EncodeToString(randomBytes(9))[:17] }

func newUUID() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
