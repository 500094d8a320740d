package yarn

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxTag is what YARN allows, in ASCII.
const maxTag = 100

var plain = regexp.MustCompile(`^[a-z0-9._:-]+$`)

// Tag is what the applications of an attempt are tagged with. YARN turns tags
// into lower case; ids of runs do not differ in case alone, jobs of a run might.
func Tag(runID, job string, attempt int) string {
	tag := fmt.Sprintf("ephemr:%s:%s:%d", strings.ToLower(runID), job, attempt)
	if len(tag) <= maxTag && plain.MatchString(tag) {
		return tag
	}
	sum := sha256.Sum256([]byte(tag))
	short := regexp.MustCompile(`[^a-z0-9._:-]`).ReplaceAllString(strings.ToLower(tag), "-")
	return short[:min(len(short), maxTag-17)] + ":" + hex.EncodeToString(sum[:8])
}

// Names of the settings that tag applications, by framework.
const (
	SparkTags     = "spark.yarn.tags"
	MapReduceTags = "mapreduce.job.tags"
	TezTags       = "tez.application.tags"
)

// Join adds tag to tags that the job has set.
func Join(own, tag string) string {
	if own == "" {
		return tag
	}
	return own + "," + tag
}

// Environ are variables that tag what a program submits by itself: Spark's
// launcher passes system properties on, and Hadoop reads core-site.xml from a
// copy of its configuration in dir.
func Environ(environ []string, tag, dir string) ([]string, error) {
	var conf, options string
	for _, e := range environ { // the last one counts
		if value, ok := strings.CutPrefix(e, "HADOOP_CONF_DIR="); ok {
			conf = value
		}
		if value, ok := strings.CutPrefix(e, "SPARK_SUBMIT_OPTS="); ok {
			options = value + " "
		}
	}
	if conf == "" {
		conf = "/etc/hadoop/conf"
	}
	more := []string{"SPARK_SUBMIT_OPTS=" + options + "-D" + SparkTags + "=" + tag}
	copied, err := copyConf(conf, tag, dir)
	if copied {
		more = append(more, "HADOOP_CONF_DIR="+dir)
	}
	return more, err
}

const coreSite = "core-site.xml"

// copyConf links everything of Hadoop's configuration into dir, except for
// core-site.xml, which gets the tags. It does nothing where there is no such file.
func copyConf(conf, tag, dir string) (bool, error) {
	text, err := os.ReadFile(filepath.Join(conf, coreSite)) //nolint:gosec // Hadoop's configuration
	end := strings.LastIndex(string(text), "</configuration>")
	if err != nil || end < 0 {
		return false, nil //nolint:nilerr // no Hadoop on this machine
	}
	entries, err := os.ReadDir(conf)
	if err == nil {
		err = os.Mkdir(dir, 0o700)
	}
	for _, e := range entries {
		if err == nil && e.Name() != coreSite {
			err = os.Symlink(filepath.Join(conf, e.Name()), filepath.Join(dir, e.Name()))
		}
	}
	var b strings.Builder
	b.Write(text[:end])
	for _, name := range []string{MapReduceTags, TezTags} {
		_, _ = b.WriteString("<property><name>" + name + "</name><value>")
		_ = xml.EscapeText(&b, []byte(tag))
		_, _ = b.WriteString("</value></property>\n")
	}
	b.Write(text[end:])
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, coreSite), []byte(b.String()), 0o600)
	}
	if err != nil {
		return false, fmt.Errorf("tag Hadoop's configuration: %w", err)
	}
	return true, nil
}
