package runner

import "ephemr/internal/job"

// Wanted is the digest of the requirements beside the entry of a job whose package
// is unpacked as dir/package.
func Wanted(s job.Spec, dir string, env []string) (string, error) {
	w := workspace{dir: dir, files: dir + "/package"}
	in, err := wanted("abi", "/usr/bin/python3", s, w, w.files, env)
	return in.digest, err
}
