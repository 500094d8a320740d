package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/proof/executable"
)

// The bootstrap action prepares what the runner of any user needs, and goes on
// where EMR's file does not exist.
func TestInstallRunner(t *testing.T) {
	t.Parallel()
	for name, withFile := range map[string]bool{"on EMR": true, "without isbusy": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bin, mnt, emr, home := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
			aws := "#!/bin/bash\nprintf '#!/bin/sh\\necho v1\\n' >\"${!#}\" && chmod +x \"${!#}\"\n"
			if err := executable.Write(filepath.Join(bin, "aws"), aws); err != nil {
				t.Fatal(err)
			}
			busy := filepath.Join(emr, "isbusy")
			if !withFile {
				busy = filepath.Join(emr, "none", "isbusy")
			}
			cmd := exec.CommandContext(t.Context(), "bash", "../../scripts/install-runner.sh", "x86_64=s3://b/x", "aarch64=s3://b/a")
			cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "EPHEMR_HOME=" + home, "EPHEMR_MOUNT=" + mnt, "EPHEMR_BUSY_FILE=" + busy}
			if out, err := cmd.CombinedOutput(); err != nil || !strings.HasSuffix(string(out), "installed runner v1 in "+home+"\n") {
				t.Fatalf("%v: %s", err, out)
			}
			if info, err := os.Stat(filepath.Join(mnt, "ephemr")); err != nil || info.Mode() != os.ModeDir|os.ModeSticky|0o777 {
				t.Errorf("%v, %v", info, err)
			}
			if info, err := os.Stat(busy); withFile && (err != nil || info.Mode() != 0o666) {
				t.Errorf("%v, %v", info, err)
			}
		})
	}
}
