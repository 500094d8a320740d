package runner

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The lines of plain requirements. Each names libraries, indexes or simple paths,
// and nothing that pip could take for a file otherwise: a word that begins with a
// dash, an archive's suffix or a URL.
var (
	plainRequirement = regexp.MustCompile(`^(` + bare + `|` + dotted + extras + `\s*(\(` + clauses + `\)|` + clauses + `))` + markers + hashes + `$`)
	plainOption      = regexp.MustCompile(`^(-i\s+|--index-url[\s=]\s*|--extra-index-url[\s=]\s*)https?://[^\s$]+$|^--trusted-host[\s=]\s*[A-Za-z0-9][A-Za-z0-9.:-]*$|` +
		`^--(only|no)-binary[\s=]\s*[A-Za-z0-9:][A-Za-z0-9._,:-]*$|^--(no-index|pre|prefer-binary|require-hashes)$`)
	plainNested = regexp.MustCompile(`^(-[rc]\s+|--(?:requirement|constraint)[\s=]\s*)(` + simplePath + `)$`)
	plainWheels = regexp.MustCompile(`^(-f\s+|--find-links[\s=]\s*)(` + simplePath + `)/?$`)
	comment     = regexp.MustCompile(`(^|\s+)#.*$`)
)

const (
	extra      = `[A-Za-z0-9][A-Za-z0-9._-]*`
	extras     = `(\s*\[\s*` + extra + `(\s*,\s*` + extra + `)*\s*\])?`
	bare       = `[A-Za-z0-9][A-Za-z0-9_-]*` + extras
	dotted     = `[A-Za-z0-9][A-Za-z0-9._-]*`
	version    = `[0-9]+(\.[0-9]+)*((a|b|rc|\.post|\.dev)[0-9]+)*(\.\*)?`
	clause     = `(==|~=|!=|<=|>=|<|>)\s*` + version
	clauses    = clause + `(\s*,\s*` + clause + `)*`
	markers    = `(\s*;[A-Za-z0-9_.\s"'<>=!()]*)?`
	hashes     = `(\s+--hash=sha(256|384|512):[0-9a-f]+)*`
	simplePath = `(?:\./)?[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*`
)

const maxRequirements = 1 << 20 // bytes

// plainFiles are files of plain requirements, and the files that these name.
type plainFiles struct {
	root  string
	found []string
}

// read reports whether file, and all that it names, is plain.
func (p *plainFiles) read(file string) bool {
	if slices.Contains(p.found, file) {
		return true
	}
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxRequirements || !p.direct(file) {
		return false
	}
	text, err := os.ReadFile(file) //nolint:gosec // of the package
	if err != nil {
		return false
	}
	p.found = append(p.found, file)
	lines, ok := logicalLines(string(text))
	return ok && !slices.ContainsFunc(lines, func(line string) bool { return !p.line(filepath.Dir(file), line) })
}

// direct reports whether no link leads to a file.
func (p *plainFiles) direct(file string) bool {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return false
	}
	root, err := filepath.EvalSymlinks(p.root)
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(p.root, file)
	return err == nil && filepath.IsLocal(rel) && target == filepath.Join(root, rel)
}

func (p *plainFiles) line(dir, line string) bool {
	if m := plainNested.FindStringSubmatch(line); m != nil {
		return p.read(filepath.Join(dir, m[2]))
	}
	if m := plainWheels.FindStringSubmatch(line); m != nil {
		return p.wheels(filepath.Join(dir, m[2]))
	}
	return line == "" || plainRequirement.MatchString(line) || plainOption.MatchString(line)
}

// wheels adds a directory that has only wheels, which pip does not build.
func (p *plainFiles) wheels(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil || !p.direct(dir) {
		return false
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || filepath.Ext(e.Name()) != ".whl" {
			return false
		}
		p.found = append(p.found, filepath.Join(dir, e.Name()))
	}
	return true
}

// logicalLines splits a file of requirements as pip does, without comments. It
// fails for text that pip may read in another way than it looks: in another
// encoding, or with other characters that end lines.
func logicalLines(text string) (lines []string, ok bool) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.ContainsFunc(text, func(c rune) bool { return c != '\n' && c != '\t' && (c < ' ' || c > '~') }) || strings.Contains(text, "coding") {
		return nil, false
	}
	before := ""
	for line := range strings.SplitSeq(text, "\n") {
		part, goesOn := strings.CutSuffix(line, "\\")
		if strings.Contains(part, "\\") || goesOn && strings.Contains(line, "#") {
			return nil, false
		}
		before += part
		if !goesOn {
			lines = append(lines, strings.Trim(comment.ReplaceAllString(before, ""), " \t"))
			before = ""
		}
	}
	return append(lines, strings.Trim(before, " \t")), true
}
