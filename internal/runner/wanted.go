package runner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ephemr/internal/job"
)

// interpreter is the Python that the job will run with.
func (r *Runner) interpreter(s job.Spec) string {
	env := r.environment(s)
	var all []string
	if s.Type == job.Spark {
		all = []string{s.Conf["spark.pyspark.driver.python"], s.Conf["spark.pyspark.python"], variable(env, "PYSPARK_DRIVER_PYTHON"), variable(env, "PYSPARK_PYTHON")}
	}
	for _, name := range all {
		if name != "" {
			return name
		}
	}
	return "python3"
}

func variable(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// abi identifies the binaries that an interpreter can load: implementation and
// version, machine, C library.
func (r *Runner) abi(ctx context.Context, interpreter string) (string, error) {
	const ask = `import platform, sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform(), *platform.libc_ver())`
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, "-c", ask)
	cmd.Env = r.Environ
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", &failure{job.ClassInvalid, exitNotFound, fmt.Errorf("%s requires libraries, but %s is not installed on this cluster", requirementsFile, interpreter)}
	}
	if err != nil {
		return "", invalid("%s requires libraries, but the version of %s is unknown: %w", requirementsFile, interpreter, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// wanted is the digest of what determines the libraries that pip installs: the
// interpreter, the file, and the files of the package that it names. A new release
// in an index does not change the digest.
func wanted(abi, root, file string) (string, error) {
	d := digester{root: root, sum: sha256.New(), seen: map[string]bool{}}
	_, _ = fmt.Fprintf(d.sum, "ephemr 1\n%s\n", abi)
	if err := d.file(file, true); err != nil {
		return "", fmt.Errorf("read %s: %w", requirementsFile, err)
	}
	return hex.EncodeToString(d.sum.Sum(nil)), nil
}

type digester struct {
	root string
	sum  hash.Hash
	seen map[string]bool
}

// file adds a file and, for one of requirements, every file and directory of
// the package that a word of it names.
func (d *digester) file(name string, requirements bool) error {
	if d.seen[name] {
		return nil
	}
	d.seen[name] = true
	text, err := os.ReadFile(name) //nolint:gosec // of the package
	if err != nil {
		return err
	}
	rel, _ := filepath.Rel(d.root, name)
	_, _ = fmt.Fprintf(d.sum, "%s %d\n", rel, len(text))
	_, _ = d.sum.Write(text)
	if !requirements {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		words := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r\n=@;[]", c) })
		for _, word := range words {
			named := filepath.Join(filepath.Dir(name), strings.TrimPrefix(strings.TrimPrefix(word, "file:"), "//"))
			if err := d.named(named); err != nil {
				return err
			}
		}
	}
	return nil
}

// named adds what a word names, if that is in the package.
func (d *digester) named(name string) error {
	rel, err := filepath.Rel(d.root, name)
	info, missing := os.Stat(name)
	if err != nil || missing != nil || !filepath.IsLocal(rel) {
		return nil //nolint:nilerr // does not name a file
	}
	if !info.IsDir() {
		return d.file(name, slices.Contains([]string{".txt", ".in"}, filepath.Ext(name)))
	}
	return filepath.WalkDir(name, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		return d.file(path, false)
	})
}
