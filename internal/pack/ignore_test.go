package pack_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/pack"
)

// TestBuildIgnoresAsGit compares packages with what git lists as untracked, for
// patterns that differ in a point of gitignore(5) each. Git is the reference.
func TestBuildIgnoresAsGit(t *testing.T) {
	t.Parallel()
	files := strings.Fields("main.py keep.csv data/raw.csv data/keep.csv data/ref/rates.csv data/ref/old/x.csv lib/data docs/a.md docs/deep/b.md " +
		"#c !d Main.PY a*b a-b ab é.txt e.txt [x] ] {i,j} i x/a/y/a/b build/x/out build/out sub/build/out")
	files = append(files, "with space ", "with space", "a\tb")
	tests := map[string]string{
		"nothing":                           "",
		"two stars do not match the top":    "data/**\n!data/keep.csv\n",
		"directories re-included below":     "data/**\n!data/ref/\n!data/ref/rates.csv\n",
		"all directories below":             "data/**/\n",
		"all directories below, taken back": "data/*\n!data/**/\n",
		"only one suffix":                   "*\n!*/\n!*.csv\n",
		"below an excluded directory":       "data/\n!data/keep.csv\n",
		"a directory, not a file":           "data/\n",
		"anchored by a leading slash":       "/build\n",
		"anchored by a slash inside":        "build/out\n",
		"any depth":                         "**/build/out\n",
		"two stars inside":                  "docs/**/b.md\n",
		"two stars, several candidates":     "**/a/b\n",
		"two stars of a name":               "doc**\n",
		"three stars":                       "docs/***\n",
		"only stars":                        "**\n!**/*.md\n",
		"trailing spaces":                   "keep.csv  \n",
		"escaped trailing space":            "with\\ space\\ \n",
		"spaces and an escape":              "with space\\   \n",
		"trailing tab":                      "keep.csv\t\n",
		"an escaped hash":                   "\\#c\n",
		"a comment":                         "#c\n # c\n",
		"an escaped exclamation mark":       "\\!d\n",
		"escaped star":                      "a\\*b\n",
		"case":                              "main.*\n",
		"negated class":                     "[!m]*.csv\na[!*]b\n",
		"negated class, as in a regexp":     "[^m]*\n",
		"range":                             "[a-k]*\n",
		"brackets in classes":               "[]]\n[[]x]\n",
		"minus in a class":                  "a[-]b\n",
		"named class":                       "[[:upper:]]*\n",
		"star in a class":                   "a[*]b\n",
		"class does not match a slash":      "data[!x]*.csv\n",
		"braces are literal":                "{i,j}\n",
		"? is a byte":                       "?.txt\n",
		"?? is two bytes":                   "??.txt\n",
		"CRLF":                              "data/**\r\n!data/keep.csv\r\n\r\n# x\r\n",
		"CRLF, no last line end":            "keep.csv\r",
		"BOM":                               "\ufeffkeep.csv\n",
		"BOM and comment":                   "\ufeff# x\nkeep.csv\n",
		"no last line end":                  "keep.csv",
		"lines without a pattern":           "!\n/\n//\n \n",
		"empty segments":                    "data//raw.csv\n/docs//\n",
		"the last one wins":                 "*.csv\n!keep.csv\ndata/keep.csv\n",
	}
	var cases []ignoreCase
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		cases = append(cases, ignoreCase{name: name, files: files, patterns: tests[name]})
	}
	compareWithGit(t, cases)
}

// TestBuildIgnoresAsGitRandomly does so for generated trees and patterns.
func TestBuildIgnoresAsGitRandomly(t *testing.T) {
	t.Parallel()
	var cases []ignoreCase
	for seed := range uint64(300) {
		g := generator{rand.New(rand.NewPCG(seed, 0))} //nolint:gosec // reproducible on purpose
		cases = append(cases, ignoreCase{name: fmt.Sprintf("seed %d", seed), files: g.tree("", 0), patterns: g.patterns()})
	}
	compareWithGit(t, cases)
}

type ignoreCase struct {
	name     string
	files    []string
	patterns string
}

// compareWithGit lays every case into a directory of one repository: an ignore
// file there has the meaning of one at the top.
func compareWithGit(t *testing.T, cases []ignoreCase) {
	t.Helper()
	repo := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", args...) //nolint:gosec // arguments of this test
		cmd.Dir = repo
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + repo, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_CEILING_DIRECTORIES=" + filepath.Dir(repo)}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, &stderr)
		}
		return string(out)
	}
	git("init", "-q")
	for i, c := range cases {
		content := map[string]string{".gitignore": c.patterns, pack.IgnoreFile: c.patterns}
		for _, f := range c.files {
			content[f] = ""
		}
		write(t, filepath.Join(repo, fmt.Sprint(i)), content)
	}
	want := map[string][]string{}
	for name := range strings.SplitSeq(git("-c", "core.ignoreCase=false", "ls-files", "-z", "--others", "--exclude-standard"), "\x00") {
		if dir, file, ok := strings.Cut(name, "/"); ok && file != pack.IgnoreFile {
			want[dir] = append(want[dir], file)
		}
	}
	for i, c := range cases {
		dir := fmt.Sprint(i)
		var got []string
		if p, err := pack.Build(filepath.Join(repo, dir), pack.Options{}); err == nil {
			got = p.Files
		} else if !strings.Contains(err.Error(), "all are ignored") {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		slices.Sort(want[dir])
		if diff := cmp.Diff(want[dir], got); diff != "" {
			t.Errorf("%s: %q: files (-git +package):\n%s", c.name, c.patterns, diff)
		}
	}
}

// generator makes names and patterns of one small vocabulary, so that they
// often meet.
type generator struct{ *rand.Rand }

func (g generator) pick(of ...string) string { return of[g.IntN(len(of))] }

var vocabulary = []string{"a", "b", "ab", "data", "keep.csv", "x.csv", "x.py", "A", "#c", "!d", "e f", "g ", "[h]", "é", "a*b", "-", "]", "1", "{i,j}"}

// tree returns the files of a random tree.
func (g generator) tree(above string, depth int) []string {
	var files []string
	for _, i := range g.Perm(len(vocabulary))[:2+g.IntN(3)] {
		name := above + vocabulary[i]
		if depth < 2 && g.IntN(2) == 0 {
			files = append(files, g.tree(name+"/", depth+1)...)
		} else {
			files = append(files, name)
		}
	}
	return files
}

// patterns returns an ignore file.
func (g generator) patterns() string {
	var b strings.Builder
	end := g.pick("\n", "\n", "\n", "\r\n")
	b.WriteString(g.pick("", "", "", "", "\ufeff"))
	for range 1 + g.IntN(5) {
		b.WriteString(g.pick("", "", "", "# c"+end, end, " "+end, "!"+end, "/"+end))
		b.WriteString(g.pick("", "", "!"))
		b.WriteString(g.pick("", "", "", "/"))
		for range g.IntN(3) {
			b.WriteString(g.segment() + "/")
		}
		b.WriteString(g.segment())
		b.WriteString(g.pick("", "", "/"))
		b.WriteString(g.pick("", "", "", "", "", "", " ", "\t", "\\ "))
		b.WriteString(end)
	}
	return strings.TrimSuffix(b.String(), g.pick("", "", end))
}

func (g generator) segment() string {
	switch g.IntN(6) {
	case 0:
		return g.pick("*", "**")
	case 1:
		return g.pick("*.csv", "*.py", "x*", "*a*", "?", "??", "*b", "x.?*")
	case 2:
		return g.pick("[!a]", "[^a]", "[a-c]", "[]-]", "[!]a]*", "[[:alpha:]]", "[[:digit:][:upper:]]", "[a\\]]", "[!a-z]*",
			"[*]", "a[*]b", "[[]h]", "[-a]", "[a-]", "[--0]", "[!-]", "[[:alpha:]-z]", "[+-9]", "x[!a]csv")
	case 3:
		return g.pick("\\#c", "\\!d", "e\\ f", "g\\ ", "\\a", "a\\*b", "\\[h]", "{i,j}", "{a,b}")
	default:
		return g.pick(vocabulary...)
	}
}
