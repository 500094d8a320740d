package mask

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strconv"
	"strings"
)

// form is one way to print a secret.
type form struct {
	text  string
	wraps bool // it may be cut into lines
}

// match returns the length of f at the beginning of text, or 0, and whether text ends
// before f does.
func (f form) match(text []byte) (length int, more bool) {
	if !f.wraps {
		n := min(len(text), len(f.text))
		if string(text[:n]) != f.text[:n] {
			return 0, false
		}
		if n < len(f.text) {
			return 0, true
		}
		return n, false
	}
	at := 0
	for i, c := range text {
		switch {
		case c == f.text[at]:
			if at++; at == len(f.text) {
				return i + 1, false
			}
		case at > 0 && (c == '\n' || c == '\r'):
			if at < held { // what follows is found there, by addRests
				return 0, false
			}
		default:
			return 0, false
		}
	}
	return 0, at > 0
}

// forms returns the ways to print a value.
func forms(value string) []form {
	all := variants(value)
	for line := range strings.Lines(value) {
		if line = strings.TrimSpace(line); line != value {
			all = append(all, variants(line)...)
		}
	}
	return all
}

func variants(value string) (all []form) {
	if len(value) < Shortest || strings.TrimSpace(value) == "" {
		return nil
	}
	if text := strings.Trim(value, "\r\n"); !strings.Contains(text, "\n") { // else its lines are masked
		all = append(all, form{text: text})
	}
	for _, text := range escaped(value) {
		if !strings.Contains(text, "\n") {
			all = append(all, form{text: text})
		}
	}
	for _, alphabet := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			all = append(all, encoded(alphabet, value, before)...)
		}
	}
	return append(all, form{text: hex.EncodeToString([]byte(value)), wraps: true}, form{text: strings.ToUpper(hex.EncodeToString([]byte(value))), wraps: true})
}

// encoded is value in base64, with before bytes in front of it, modulo 3: what value
// alone determines, and the same with the last character of a text that ends with it.
func encoded(alphabet *base64.Encoding, value string, before int) []form {
	text := alphabet.EncodeToString(append(make([]byte, before), value...))
	const bits = 6
	first := (8*before + bits - 1) / bits
	last := 8 * (before + len(value)) / bits
	return []form{{text: text[first:last], wraps: true}, {text: text[first:], wraps: true}}
}

// escaped lists value as it is written in URLs, JSON, Python, shells and XML.
func escaped(value string) []string {
	texts := []string{
		url.QueryEscape(value), url.PathEscape(value), percent(value, "-._~"), percent(value, "-._~/"), percent(value, "-_.!~*'()"),
		html.EscapeString(value), strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value),
		inside(strconv.Quote(value)), inside(strconv.QuoteToASCII(value)),
		strings.ReplaceAll(value, `'`, `'\''`), strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value),
	}
	if text, err := json.Marshal(value); err == nil {
		texts = append(texts, inside(string(text)))
	}
	for _, t := range texts {
		if lower := lowerEscapes(t); lower != t {
			texts = append(texts, lower)
		}
	}
	return texts
}

func inside(quoted string) string { return quoted[1 : len(quoted)-1] }

// percent escapes all bytes but letters, digits and those in keep.
func percent(value, keep string) string {
	var b strings.Builder
	for _, c := range []byte(value) {
		if '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// lowerEscapes writes the escapes of a URL in lower case.
func lowerEscapes(text string) string {
	b := []byte(text)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(string(b[i+1:i+3])))
		}
	}
	return string(b)
}
