package region_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ephemr/internal/local/region"
)

func TestFind(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	below := filepath.Join(root, "jobs", "x")
	for _, dir := range []string{below, filepath.Join(root, region.Dir)} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := region.Find(below); found != nil || err != nil {
		t.Errorf("without a region: got %v, %v", found, err)
	}
	record := filepath.Join(root, region.Dir, region.File)
	write(t, record, `{"emulator": {"url": "http://127.0.0.1:1"}, "localemr": {"url": "http://127.0.0.1:2"}}`)
	found, err := region.Find(below)
	if err != nil || len(found) == 0 || found[0] != (region.Variable{Name: "AWS_ENDPOINT_URL", Value: "http://127.0.0.1:1"}) ||
		found[1] != (region.Variable{Name: "AWS_ENDPOINT_URL_EMR", Value: "http://127.0.0.1:2"}) {
		t.Errorf("got %v, %v", found, err)
	}
	write(t, record, "{")
	if _, err := region.Find(below); err == nil || !strings.Contains(err.Error(), "read record of the local region "+record) {
		t.Errorf("got %v", err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
