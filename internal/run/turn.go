package run

import (
	"fmt"
	"hash/fnv"
	"time"
)

// Turn orders runs differently every second, so that those which a bounded pass
// leaves out differ from pass to pass.
func Turn(id string, now time.Time) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, now.Unix(), id) // a hash takes everything
	return h.Sum64()
}
