package trace

import (
	"encoding/json"
	"time"
)

// Seconds is a time that JSON writes as a number of seconds.
type Seconds time.Duration

// MarshalJSON writes milliseconds as decimals.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Duration(s).Round(100 * time.Microsecond).Seconds())
}
