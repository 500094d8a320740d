package runner

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ephemr/internal/job"
)

const (
	manifestName = "META-INF/MANIFEST.MF"
	maxManifest  = 16 << 20 // bytes
)

// mainClass returns the jar and the class for "hadoop jar". Hadoop prefers the
// main class that a jar's manifest names, and passes the other one to it as its
// first argument. A job that names another class gets a copy of the jar whose
// manifest names none.
func mainClass(s job.Spec, w workspace, entry string) (jar, class string, err error) {
	if s.Class == "" {
		return entry, "", nil
	}
	file := entry
	if !filepath.IsAbs(file) {
		file = filepath.Join(w.files, file)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		return "", "", invalid("%s is not a jar: %w", s.Entry, err)
	}
	defer z.Close() //nolint:errcheck // only read
	m, err := readManifest(&z.Reader)
	if err != nil {
		return "", "", invalid("read the manifest of %s: %w", s.Entry, err)
	}
	named := strings.ReplaceAll(m.mainClass(), "/", ".") // as Hadoop does
	switch {
	case named == "":
		return entry, s.Class, nil
	case named == strings.ReplaceAll(s.Class, "/", "."):
		return entry, "", nil
	case m.signed:
		return "", "", invalid("the manifest of %s names the main class %s, which hadoop prefers to class %s, and cannot be changed because the jar is signed; "+
			"leave out class, or build the jar without a main class", s.Entry, named, s.Class)
	}
	jar = filepath.Join(w.dir, "app.jar")
	if err := copyJar(&z.Reader, jar, m.withoutMainClass()); err != nil {
		return "", "", fmt.Errorf("copy %s without the main class of its manifest: %w", s.Entry, err)
	}
	return jar, s.Class, nil
}

// manifest is that of a jar.
type manifest struct {
	text   []byte
	signed bool
}

func readManifest(z *zip.Reader) (m manifest, err error) {
	for _, f := range z.File {
		name := strings.ToUpper(f.Name)
		m.signed = m.signed || strings.HasPrefix(name, "META-INF/") && strings.HasSuffix(name, ".SF")
		if name != manifestName || m.text != nil {
			continue
		}
		in, err := f.Open()
		if err != nil {
			return m, err
		}
		m.text, err = io.ReadAll(io.LimitReader(in, maxManifest))
		if err = errors.Join(err, in.Close()); err != nil {
			return m, err
		}
	}
	return m, nil
}

// attributes are the logical lines of the main section: a line of more than 72
// bytes goes on in the next one, after a space.
func (m manifest) attributes() (lines []string, rest []byte) {
	text := bytes.ReplaceAll(bytes.ReplaceAll(m.text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	main, rest, _ := bytes.Cut(text, []byte("\n\n"))
	joined := strings.ReplaceAll(string(main), "\n ", "")
	return strings.Split(strings.TrimSuffix(joined, "\n"), "\n"), rest
}

func isMainClass(line string) (value string, ok bool) {
	key, value, _ := strings.Cut(line, ":")
	return strings.TrimSpace(value), strings.EqualFold(key, "Main-Class")
}

func (m manifest) mainClass() (class string) {
	lines, _ := m.attributes()
	for _, line := range lines {
		if value, ok := isMainClass(line); ok {
			class = value
		}
	}
	return class
}

func (m manifest) withoutMainClass() []byte {
	var b bytes.Buffer
	lines, rest := m.attributes()
	for _, line := range lines {
		if _, ok := isMainClass(line); ok {
			continue
		}
		for first := true; len(line) > 0; first = false {
			n := min(len(line), 72)
			if !first {
				n = min(len(line), 71)
				b.WriteByte(' ')
			}
			b.WriteString(line[:n] + "\n")
			line = line[n:]
		}
	}
	b.WriteString("\n")
	b.Write(rest)
	return b.Bytes()
}

// copyJar copies a jar with another manifest. The other files are not compressed
// again.
func copyJar(from *zip.Reader, to string, text []byte) (err error) {
	f, err := os.Create(to) //nolint:gosec // in our own work directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z := zip.NewWriter(f)
	for _, file := range from.File {
		switch {
		case strings.HasSuffix(file.Name, "/"):
			_, err = z.Create(file.Name)
		case strings.ToUpper(file.Name) == manifestName:
			var out io.Writer
			if out, err = z.Create(manifestName); err == nil {
				_, err = out.Write(text)
			}
		default:
			err = z.Copy(file)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}
