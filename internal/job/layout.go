package job

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// ResultName is the name of the object with the Result, beside the Spec.
const ResultName = "result.json"

// Dir returns the key prefix, without a bucket, of an attempt's log streams. In S3
// its objects are in the folder of that name that its nonce names.
func Dir(runID, job string, attempt int) string {
	return fmt.Sprintf("runs/%s/%s/%d", runID, job, attempt)
}

// SpecName is the name of the object with a Spec: it contains the SHA-256, in hex,
// of what is in the object. Older ones are called job.json.
func SpecName(sha256 string) string { return "job." + sha256 + ".json" }

var specName = regexp.MustCompile(`^job\.([0-9a-f]{64})\.json$`)

// DigestOf returns the SHA-256 that the key of a Spec names, or "".
func DigestOf(key string) string {
	if m := specName.FindStringSubmatch(path.Base(key)); m != nil {
		return m[1]
	}
	return ""
}

// OfKey returns whose Spec a key is, as far as the key says.
func OfKey(key string) (s Spec) {
	parts := strings.Split(path.Dir(key), "/")
	if n := len(parts); n > 0 {
		if _, err := strconv.Atoi(parts[n-1]); err != nil {
			parts, s.Nonce = parts[:n-1], parts[n-1]
		}
	}
	if n := len(parts); n >= 3 {
		s.RunID, s.Job = parts[n-3], parts[n-2]
		s.Attempt, _ = strconv.Atoi(parts[n-1])
	}
	return s
}
