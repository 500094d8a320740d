package mask_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"ephemr/internal/runner/mask"
)

const (
	phrase = "S3cr3t/pä ss+w'0rd&\"x"
	key    = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nab\nlastlineofkey==\n-----END KEY-----\n"
)

func wrapped(text string, width int, end string) string {
	var b strings.Builder
	for ; len(text) > width; text = text[width:] {
		b.WriteString(text[:width] + end)
	}
	return b.String() + text
}

func TestForms(t *testing.T) {
	t.Parallel()
	std, inURL := base64.StdEncoding, base64.RawURLEncoding
	asJSON, _ := json.Marshal(map[string]string{"p": phrase})
	for name, tt := range map[string]struct{ text, want string }{
		"plain":            {"a " + phrase + " z", "a *** z"},
		"twice":            {phrase + phrase, "***"},
		"nothing":          {"S3cr3t/p and more\n", "S3cr3t/p and more\n"},
		"line of a value":  {"x MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nab\n", "x ***\nab\n"},
		"whole value":      {key + "next\n", "***\n***\nab\n***\n***\nnext\n"},
		"base64":           {std.EncodeToString([]byte(phrase)) + "\n", "***==\n"},
		"base64 after 1":   {std.EncodeToString([]byte("u" + phrase)), "dV***="},
		"base64 after 2":   {std.EncodeToString([]byte("u:" + phrase)), "dTp***"},
		"base64 before":    {std.EncodeToString([]byte("u::" + phrase + "\n")), "dTo6***o="},
		"base64 for URLs":  {inURL.EncodeToString([]byte(phrase)), "***"},
		"base64 of a key":  {std.EncodeToString([]byte(key)), "***"},
		"hex":              {hex.EncodeToString([]byte(phrase)), "***"},
		"in a query":       {"?p=" + url.QueryEscape(phrase), "?p=***"},
		"in a path":        {"/" + url.PathEscape(phrase) + "/", "/***/"},
		"in lower case":    {strings.NewReplacer("%2F", "%2f", "%C3%A4", "%c3%a4", "%2B", "%2b").Replace(url.QueryEscape(phrase)), "***"},
		"in JSON":          {string(asJSON), `{"p":"***"}`},
		"quoted by Go":     {strconv.Quote(phrase), `"***"`},
		"quoted by set -x": {"+ echo '" + strings.ReplaceAll(phrase, "'", `'\''`) + "'", "+ echo '***'"},
		"repr of Python":   {`'` + strings.ReplaceAll(phrase, "'", `\'`) + `'`, "'***'"},
		"XML":              {"<p>" + html.EscapeString(phrase) + "</p>", "<p>***</p>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mask.New(phrase, key).Text(tt.text); got != tt.want {
				t.Errorf("got  %q\nwant %q\nof   %q", got, tt.want, tt.text)
			}
		})
	}
}

// base64(1) and openssl cut lines after 76 and 64 characters.
func TestWrappedBase64(t *testing.T) {
	t.Parallel()
	const alone = 2 * 8 // characters of a secret that may stay where its base64 is cut near its start
	m := mask.New(phrase, key)
	for _, value := range []string{phrase, key} {
		code := base64.StdEncoding.EncodeToString([]byte(value))
		for before := range 80 {
			for _, width := range []int{64, 76} {
				for _, end := range []string{"\n", "\r\n"} {
					text := wrapped(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("u", before)+value)), width, end)
					got := strings.NewReplacer("\n", "", "\r", "").Replace(m.Text(text + "\n"))
					for at := 0; at+alone < len(code); at++ {
						if strings.Contains(got, code[at:at+alone]) {
							t.Fatalf("after %d bytes, width %d: %s shows a part of %s", before, width, got, text)
						}
					}
				}
			}
		}
	}
}

// A partial match is all that is held back.
func TestNothingIsDelayed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, at string }{
		"a line":                   {"hello\n", "hello\n"},
		"a prompt":                 {"hello> ", "hello> "},
		"the beginning":            {"x password-is-S3cr3t", "x password-is-"},
		"the beginning, then more": {"x password-is-S3cr3t and", "x password-is-S3cr3t and"},
		"a line of the beginning":  {"x S3cr3t\n", "x S3cr3t\n"},
		"little base64":            {"x UzN\n", "x UzN\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			w := mask.New(phrase).Writer(&b)
			for _, c := range []byte(tt.text) {
				if n, err := w.Write([]byte{c}); n != 1 || err != nil {
					t.Fatal(n, err)
				}
			}
			if b.String() != tt.at {
				t.Errorf("got %q, want %q", b.String(), tt.at)
			}
			w.Flush()
			if b.String() != tt.text {
				t.Errorf("at the end %q", b.String())
			}
		})
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	m := mask.New("abcdef", "defghi", "cdef", "aaaa", "aaaaaaaa")
	for text, want := range map[string]string{
		"xabcdefghiy": "x***y", "abcdefg": "***g", "abcde cdef": "abcde ***", "baaaaaaab": "b***b", "aaab": "aaab", "aaaaabcdef": "***",
	} {
		for size := range 5 {
			if got := stream(m, text, size+1); got != want {
				t.Errorf("%s in writes of %d: %s, want %s", text, size+1, got, want)
			}
		}
	}
}

func TestWhatIsNotMasked(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*mask.Masker{"none": mask.New(), "short": mask.New("abc", ""), "blank": mask.New("     ", "\n\n\n\n\n")} {
		if got := m.Text("abc      \n\n\n\n\nd"); got != "abc      \n\n\n\n\nd" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func stream(m *mask.Masker, text string, size int) string {
	var b bytes.Buffer
	w := m.Writer(&b)
	for ; len(text) > size; text = text[size:] {
		_, _ = w.Write([]byte(text[:size]))
	}
	_, _ = w.Write([]byte(text))
	w.Flush()
	return b.String()
}

func FuzzStream(f *testing.F) {
	f.Add(phrase, "a", "b", 3, 1)
	f.Add(key, "", "\n", 1, 2)
	f.Add("aaaa", "aaa", "aa", 2, 3)
	f.Fuzz(func(t *testing.T, secret, before, after string, size, way int) {
		if strings.TrimSpace(secret) == "" || strings.ContainsAny(secret, "*\r\n") || len(secret) < mask.Shortest || len(secret) > 1000 {
			t.Skip()
		}
		shown := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret)}[uint(way)%3]
		m, text := mask.New(secret), before+shown+after
		whole := m.Text(text)
		if cut := stream(m, text, int(uint(size)%100)+1); cut != whole {
			t.Errorf("in writes %q, at once %q", cut, whole)
		}
		if strings.Contains(whole, shown) && !strings.Contains(shown, "***") {
			t.Errorf("%q shows %q", whole, shown)
		}
	})
}

func BenchmarkLines(b *testing.B) {
	line := []byte(strings.Repeat("2026-11-30 12:00:00 INFO TaskSetManager: Finished task 17.0 in stage 3.0 (TID 93) in 112 ms\n", 100))
	for name, m := range map[string]*mask.Masker{
		"none": nil, "one": mask.New(phrase), "twenty": mask.New(many(20)...), "key": mask.New(strings.Join(many(50), "\n")),
	} {
		b.Run(name, func(b *testing.B) {
			w := m.Writer(nowhere{})
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				_, _ = w.Write(line)
			}
		})
	}
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func many(n int) (all []string) {
	for i := range n {
		all = append(all, base64.StdEncoding.EncodeToString([]byte(strings.Repeat(strconv.Itoa((i+13)*7919), 10)))[:48])
	}
	return all
}
