package pipeline

import "regexp"

// Values of templates about the object that started a run: its address, or its version.
var (
	byAddress = regexp.MustCompile(`\.Trigger(\.| ")(Object|Objects|Key)\b`)
	byVersion = regexp.MustCompile(`\.Trigger(\.| ")VersionID\b`)
)

// ReadsByAddress reports whether jobs are given the addresses of the objects that started
// the run, and not their versions: they need the objects that are there now.
func (s Spec) ReadsByAddress() bool {
	address, version := false, false
	for i := range s.Jobs {
		for _, f := range fieldsOfJob(root("jobs").index(i), &s.Jobs[i]) {
			address = address || byAddress.MatchString(f.get)
			version = version || byVersion.MatchString(f.get)
		}
	}
	return address && !version
}
