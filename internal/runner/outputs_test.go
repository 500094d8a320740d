package runner_test

import (
	"maps"
	"strings"
	"testing"

	"ephemr/internal/job"
)

// The format of outputs is that of GitHub Actions. What is malformed names its
// line and key, and the class is one that is not retried: the work is done.
func TestOutputs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text  string
		want  map[string]string
		fault string
	}{
		"nothing":                       {text: "\n \n\n"},
		"spaces around =":               {text: "rows = 3\nbad=  0\n", want: map[string]string{"rows": "3", "bad": "0"}},
		"an empty value":                {text: "rows=\n", want: map[string]string{"rows": ""}},
		"= and << in a value":           {text: "q=a=b<<c\n", want: map[string]string{"q": "a=b<<c"}},
		"lines of Windows":              {text: "\ufeffrows=3\r\n\r\nbad=0\r\n", want: map[string]string{"rows": "3", "bad": "0"}},
		"several lines":                 {text: "stats<<END\n{\n  \"rows\": 3\n}\nEND\nrows=3\n", want: map[string]string{"stats": "{\n  \"rows\": 3\n}", "rows": "3"}},
		"several lines of Windows":      {text: "stats<<END\r\na\r\n\r\nb\r\nEND\r\n", want: map[string]string{"stats": "a\n\nb"}},
		"lines that look like outputs":  {text: "stats << _1_\nrows=4\nstats=5\n_1_", want: map[string]string{"stats": "rows=4\nstats=5"}},
		"several empty lines":           {text: "a<<E\nE\nb<<E\n\n\nE\n", want: map[string]string{"a": "", "b": "\n"}},
		"a value that is not one line":  {text: "stats={\n  \"rows\": 3,\n}\n", fault: `line 2 is not key=value: "  \"rows\": 3,"; write a value of several lines as key<<END,`},
		"a value that sets another":     {text: "rows=3\nnote=hello\nrows=4\n", fault: "line 3 sets rows again, which line 1 has set"},
		"a block that sets another":     {text: "rows=3\nrows<<E\n4\nE\n", fault: "line 2 sets rows again, which line 1 has set"},
		"an indented line":              {text: "note=a\n  b=c\n", fault: `line 2: "  b" is not a key: begin with a letter or _, then`},
		"no key":                        {text: "=3\n", fault: `line 1: "" is not a key:`},
		"a key with spaces":             {text: "export rows=3\n", fault: `line 1: "export rows" is not a key:`},
		"a block that is not closed":    {text: "a=1\nstats<<END\nx\n END\n", fault: `line 2: the value of stats is not closed by a line "END"`},
		"a block without a word":        {text: "stats<<\nx\n", fault: "line 1: stats<< has no word that ends the value, as in stats<<END"},
		"another encoding":              {text: "a=1\ncity=S\xe3o\n", fault: "line 2: the value of city is not UTF-8 text"},
		"UTF-16":                        {text: "\xff\xfea\x00=\x001\x00", fault: `line 1: "\xff\xfea\x00" is not a key:`},
		"a zero byte":                   {text: "a=\x00\n", fault: "line 1: the value of a is not UTF-8 text"},
		"a long line that is no output": {text: strings.Repeat("x", 100), fault: `line 1 is not key=value: "` + strings.Repeat("x", 60) + `…";`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			code, res := b.run(t.Context(), b.spec(job.Bash, map[string]string{"run.sh": `cat outputs >>"$EPHEMR_OUTPUT"`, "outputs": tt.text}))
			if tt.fault == "" && (code != 0 || !maps.Equal(res.Outputs, tt.want)) {
				t.Errorf("exit %d, %+v, want %q", code, res, tt.want)
			}
			if tt.fault != "" && (code != 65 || res.Class != job.ClassData || !strings.HasPrefix(res.Reason, "read outputs: "+tt.fault) || res.Outputs != nil) {
				t.Errorf("exit %d, %+v, want %q", code, res, tt.fault)
			}
		})
	}
}
