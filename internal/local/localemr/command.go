package localemr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var scriptRunner = regexp.MustCompile(`^s3://([a-z0-9-]+\.)?elasticmapreduce/libs/script-runner/script-runner\.jar$`)

// argv turns a step's jar into a command line. Files are downloaded to
// dir. command-runner.jar and script-runner.jar behave like EMR's; any other jar is
// run by hadoop if there is one, else by java.
func (s *Server) argv(ctx context.Context, c stepConfig, role, dir string, env []string) ([]string, error) {
	switch {
	case isCommandRunner(c.Jar) && role != "" && len(c.Args) > 0:
		return throughShell(c.Args, env)
	case isCommandRunner(c.Jar):
		return lookUp(c.Args, env)
	case scriptRunner.MatchString(c.Jar):
		return s.script(ctx, c.Args, dir)
	default:
		return s.jar(ctx, c, dir, env)
	}
}

func isCommandRunner(jar string) bool {
	return jar == "command-runner.jar" || path.Base(jar) == "command-runner.jar" && strings.HasPrefix(jar, "/var/lib/aws/emr/")
}

// script runs a copy of args[0] with the other arguments: the file of a user is
// never made executable where it is.
func (s *Server) script(ctx context.Context, args []string, dir string) ([]string, error) {
	if len(args) == 0 {
		return nil, errors.New("run script: script-runner.jar has no arguments")
	}
	file, err := s.fetch(ctx, args[0], dir)
	if err != nil {
		return nil, err
	}
	if _, _, remote := parseS3(args[0]); !remote {
		if file, err = copyInto(dir, file); err != nil {
			return nil, err
		}
	}
	if err := os.Chmod(file, 0o700); err != nil { //nolint:gosec // a script must be executable
		return nil, fmt.Errorf("make script executable: %w", err)
	}
	if isExecutable(file) {
		return slices.Concat([]string{file}, args[1:]), nil
	}
	return slices.Concat([]string{"/bin/bash", file}, args[1:]), nil
}

// copyInto copies a local file into dir and returns the path of the copy.
func copyInto(dir, file string) (string, error) {
	b, err := os.ReadFile(file) //nolint:gosec // running what a step says is the purpose
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", file, err)
	}
	to := filepath.Join(dir, filepath.Base(file))
	if err := os.WriteFile(to, b, 0o600); err != nil { //nolint:gosec // the base name only
		return "", fmt.Errorf("store %s: %w", file, err)
	}
	return to, nil
}

// isExecutable says whether the system can start a file by itself: a script with
// an interpreter, or a program.
func isExecutable(file string) bool {
	b := make([]byte, len("\x7fELF"))
	f, err := os.Open(file) //nolint:gosec // fetched by us
	if err != nil {
		return false
	}
	defer closeQuietly(f)
	n, _ := io.ReadFull(f, b)
	magic := string(b[:n])
	return strings.HasPrefix(magic, "#!") || magic == "\x7fELF" || magic == "\xcf\xfa\xed\xfe"
}

func (s *Server) jar(ctx context.Context, c stepConfig, dir string, env []string) ([]string, error) {
	file, err := s.fetch(ctx, c.Jar, dir)
	if err != nil {
		return nil, err
	}
	var class []string
	if c.MainClass != "" {
		class = []string{c.MainClass}
	}
	if argv, err := lookUp(slices.Concat([]string{"hadoop", "jar", file}, class, c.Args), env); err == nil {
		return argv, nil
	}
	argv := []string{"java"}
	for _, k := range slices.Sorted(maps.Keys(c.Properties)) {
		argv = append(argv, "-D"+k+"="+c.Properties[k])
	}
	if c.MainClass == "" {
		argv = append(argv, "-jar", file)
	} else {
		argv = append(argv, "-cp", file, c.MainClass)
	}
	return lookUp(append(argv, c.Args...), env)
}

// lookUp finds argv[0] in the PATH of env, which is not the server's own.
func lookUp(argv, env []string) ([]string, error) {
	if len(argv) == 0 {
		return nil, errors.New("run command: command-runner.jar has no arguments")
	}
	if strings.ContainsRune(argv[0], '/') {
		return argv, nil
	}
	for _, dir := range filepath.SplitList(getenv(env, "PATH")) {
		file := filepath.Join(dir, argv[0])
		if st, err := os.Stat(file); err == nil && !st.IsDir() && st.Mode()&0o111 != 0 {
			return slices.Concat([]string{file}, argv[1:]), nil
		}
	}
	return nil, fmt.Errorf("Cannot run program %q (in directory \".\"): error=2, No such file or directory", argv[0]) //nolint:staticcheck // the text of EMR's command-runner
}

func getenv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}

// fetch copies an s3:// object into dir and returns its path; a local path is
// returned as it is.
func (s *Server) fetch(ctx context.Context, uri, dir string) (string, error) {
	bucket, key, ok := parseS3(uri)
	if !ok {
		return strings.TrimPrefix(uri, "file://"), nil
	}
	if s.cfg.Objects == nil {
		return "", fmt.Errorf("fetch %s: no S3 is configured", uri)
	}
	out, err := s.cfg.Objects.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", fmt.Errorf("fetch %s: %w", uri, err)
	}
	defer func() { _ = out.Body.Close() }()
	file := filepath.Join(dir, path.Base(key))
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the base name only
	if err != nil {
		return "", fmt.Errorf("store %s: %w", uri, err)
	}
	_, err = io.Copy(f, out.Body)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("store %s: %w", uri, err)
	}
	return file, nil
}

// parseS3 splits s3://bucket/key; s3n and s3a are the same to EMR.
func parseS3(uri string) (bucket, key string, ok bool) {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found || !slices.Contains([]string{"s3", "s3n", "s3a"}, scheme) {
		return "", "", false
	}
	bucket, key, _ = strings.Cut(rest, "/")
	return bucket, key, bucket != ""
}

// environ is the environment of a process of cluster.
func (s *Server) environ(cluster, process, home string, extra ...string) []string {
	env := s.withInstanceProfile(slices.Clone(s.cfg.Environ), cluster)
	if s.cfg.Bin != "" {
		env = append(env, "PATH="+s.cfg.Bin+string(os.PathListSeparator)+getenv(env, "PATH"))
	}
	env = append(env, "HOME="+home, "EPHEMR_HOME="+home, "EPHEMR_BUSY_FILE="+busyFile(home), "EMR_CLUSTER_ID="+cluster, mark(cluster, process))
	return append(env, extra...)
}
