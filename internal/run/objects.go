package run

import (
	"strconv"
	"strings"
)

// objects are the entries of .Trigger about the objects of a run.
func (t Trigger) objects() map[string]string {
	switch {
	case t.Batch != "":
		all := map[string]string{"Count": strconv.Itoa(t.Count), "Bytes": strconv.FormatInt(t.Bytes, 10), "Manifest": t.Manifest}
		if len(t.Objects) > 0 && !hasComma(t.Objects) {
			all["Objects"] = strings.Join(t.Objects, ",")
		}
		return all
	case t.Key != "":
		uri := "s3://" + t.Bucket + "/" + t.Key
		all := map[string]string{"Count": "1", "Bytes": strconv.FormatInt(t.Size, 10)}
		if !hasComma([]string{uri}) {
			all["Objects"] = uri
		}
		return all
	}
	return nil
}

// hasComma reports whether a list of these addresses, separated by commas, could not be
// read.
func hasComma(uris []string) bool { return strings.Contains(strings.Join(uris, ""), ",") }
