package localemr

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// uploadTimeout bounds what a step's end may wait for S3.
const uploadTimeout = 10 * time.Second

// logDir is a directory of logs and its place in S3.
type logDir struct {
	dir    string
	bucket string // empty: the cluster has no LogUri
	prefix string
}

// openLogs makes the directory of one process's logs. rest is its place under
// the cluster, on disk and in S3 alike.
func (s *Server) openLogs(cluster, logURI, rest string) (logDir, error) {
	dir, err := makeDir(s.workDir(cluster), "logs", rest)
	if err != nil {
		return logDir{}, err
	}
	l := logDir{dir: dir}
	if bucket, key, ok := parseS3(logURI); ok {
		l.bucket = bucket
		l.prefix = strings.TrimPrefix(strings.TrimSuffix(key, "/")+"/"+cluster+"/"+rest, "/")
	}
	return l, nil
}

func (l logDir) path(name string) string { return filepath.Join(l.dir, name) }

// uri is where name will be found in S3, or "".
func (l logDir) uri(name string) string {
	if l.bucket == "" {
		return ""
	}
	return "s3://" + l.bucket + "/" + l.prefix + "/" + name + ".gz"
}

// controllerLine appends a line as EMR's step controller writes them.
func (l logDir) controllerLine(level, format string, args ...any) {
	f, err := appendTo(l.path("controller"))
	if err != nil {
		return
	}
	defer closeQuietly(f)
	_, _ = fmt.Fprintf(f, "%s %s %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), level, fmt.Sprintf(format, args...))
}

// upload gzips the named files to S3. Logs are best effort on EMR too, so errors
// are only logged.
func (s *Server) upload(ctx context.Context, l logDir, names ...string) {
	if s.cfg.Objects == nil || l.bucket == "" {
		return
	}
	// The end of the cluster must not cancel the upload, that of the server must.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), uploadTimeout)
	defer cancel()
	defer context.AfterFunc(s.stopped, cancel)() //nolint:contextcheck // the life of the server
	for _, name := range names {
		if err := s.uploadOne(ctx, l, name); err != nil {
			s.log.WarnContext(ctx, "upload log", "uri", l.uri(name), "error", err)
		}
	}
}

func (s *Server) uploadOne(ctx context.Context, l logDir, name string) error {
	raw, err := os.ReadFile(l.path(name))
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read log: %w", err)
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(raw); err != nil {
		return fmt.Errorf("compress log: %w", err)
	}
	if err := zip.Close(); err != nil {
		return fmt.Errorf("compress log: %w", err)
	}
	key := l.prefix + "/" + name + ".gz"
	if _, err := s.cfg.Objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &l.bucket, Key: &key, Body: bytes.NewReader(packed.Bytes()),
	}); err != nil {
		return fmt.Errorf("put log: %w", err)
	}
	return nil
}
