package cli_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"

	"ephemr/internal/cli"
	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/proof/awsfake"
)

func denied() error {
	return &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "Query", Err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"}}
}

// main runs a command line; connecting to AWS is an error.
func main(t *testing.T, environ map[string]string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr buffer
	app := &session.App{
		IO: &terminal.IO{Out: &stdout, Err: &stderr}, Getenv: func(k string) string { return environ[k] },
		Connect: func(_ context.Context, stage string) (*session.Session, error) {
			return nil, fmt.Errorf("connect to %s: %w", stage, denied())
		},
	}
	code = cli.Main(t.Context(), args, app, "v1.2.3")
	return code, stdout.String(), stderr.String()
}

func TestMain_commandLines(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]struct {
		code int
		err  string
	}{
		"":                                 {0, ""},
		"--help":                           {0, ""},
		"version":                          {0, ""},
		"help submit":                      {0, ""},
		"completion bash":                  {0, ""},
		"__complete runs --state ":         {0, "Completion ended"},
		"nope":                             {2, `unknown command "nope" for ephemr; see ephemr --help`},
		"show":                             {2, "see ephemr show --help"},
		"apply":                            {2, "ephemr apply requires FILE|FOLDER...; see ephemr apply --help"},
		"version x":                        {2, `ephemr version accepts no arguments, not "x"`},
		"runs --nope":                      {2, "unknown flag: --nope; see ephemr runs --help"},
		"runs --limit x":                   {2, `invalid --limit "x": expected a whole number`},
		"runs -o xml --stage dev":          {2, `invalid output format "xml"`},
		"runs":                             {2, "no stage given; use --stage dev or set EPHEMR_STAGE=dev"},
		"runs --stage dev":                 {1, "connect to dev: Query: AccessDeniedException: not you; request the permission"},
		"submit --stage dev -d x -t spark": {1, "connect to dev"},
		"submti":                           {2, "did you mean submit?"},
		"requests":                         {0, ""},
		"requests redirve":                 {2, `unknown command "redirve" for ephemr requests; did you mean redrive?`},
		"requests list all":                {2, `ephemr requests list accepts no arguments, not "all"`},
		"completion tcsh":                  {2, `unknown command "tcsh" for ephemr completion`},
		"submit --timeout soon":            {2, `invalid --timeout "soon": expected a duration such as 90s`},
		"logs a b c":                       {2, `ephemr logs accepts RUN [JOB], not "a b c"; see ephemr logs --help`},
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			code, out, stderr := main(t, nil, strings.Fields(line)...)
			if code != want.code {
				t.Errorf("exit code %d, want %d; stderr: %s", code, want.code, stderr)
			}
			if want.code != 0 && (out != "" || !strings.HasPrefix(stderr, "error: ")) {
				t.Errorf("stdout %q, stderr %q", out, stderr)
			}
			contains(t, stderr, want.err)
		})
	}
}

func TestMain_version(t *testing.T) {
	t.Parallel()
	_, out, _ := main(t, nil, "version")
	contains(t, out, "ephemr v1.2.3 (go1.")
	_, out, _ = main(t, nil, "version", "-o", "json")
	contains(t, out, `"version": "v1.2.3"`)
}

func TestMain_stageFromEnvironment(t *testing.T) {
	t.Parallel()
	_, _, err := main(t, map[string]string{"EPHEMR_STAGE": "prod"}, "runs")
	contains(t, err, "connect to prod")
	_, _, err = main(t, map[string]string{"EPHEMR_STAGE": "prod"}, "runs", "--stage", "dev")
	contains(t, err, "connect to dev")
}

func TestMain_help(t *testing.T) {
	t.Parallel()
	_, out, _ := main(t, nil, "help")
	golden(t, "help", out)
	for _, c := range []string{"apply", "pipelines", "start", "submit", "runs", "show", "logs", "version", "completion"} {
		contains(t, out, "\n  "+c+" ")
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	api := func(code string) error {
		return fmt.Errorf("look up stage dev: %w", &smithy.OperationError{
			ServiceID: "SSM", OperationName: "GetParameter",
			Err: fmt.Errorf("https response error StatusCode: 400, RequestID: 1234: %w", &smithy.GenericAPIError{Code: code, Message: "why"}),
		})
	}
	for name, c := range map[string]struct {
		err     error
		environ map[string]string
		want    string
	}{
		"sso":       {fmt.Errorf("x: %w", &ssocreds.InvalidTokenError{Err: errors.New("expired")}), map[string]string{"AWS_PROFILE": "work"}, "aws sso login --profile work"},
		"expired":   {api("ExpiredTokenException"), nil, "the AWS credentials have expired; log in again (aws sso login)"},
		"unknown":   {api("UnrecognizedClientException"), nil, "AWS rejected the credentials"},
		"denied":    {api("AccessDeniedException"), nil, "look up stage dev: GetParameter: AccessDeniedException: why; request the permission"},
		"none":      {errors.New("get identity: get credentials: failed to refresh cached credentials, no EC2 IMDS role found"), nil, "no AWS credentials; log in"},
		"profile":   {fmt.Errorf("load: %w", config.SharedConfigProfileNotExistError{Profile: "work"}), nil, "AWS profile work not found in"},
		"laptop":    {&net.OpError{Op: "dial", Err: errors.New("refused")}, map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "no response from http://127.0.0.1:1"},
		"network":   {&net.OpError{Op: "dial", Err: errors.New("refused")}, nil, "cannot reach AWS"},
		"other API": {api("InternalServerError"), nil, "look up stage dev: GetParameter: InternalServerError: why"},
		"ours":      {errors.New("run x not found"), nil, "run x not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := session.Explain(c.err, func(k string) string { return c.environ[k] }).Error()
			contains(t, got, c.want)
			if strings.Contains(got, "RequestID") {
				t.Errorf("request id in %q", got)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, err := session.Load(t.Context(), w.ssm, "dev")
	w.no(err)
	if s.Stage != "dev" || s.RegisterFunction != "register" {
		t.Errorf("got %+v", s)
	}
	_, err = session.Load(t.Context(), w.ssm, "prod")
	if err == nil || !strings.Contains(err.Error(), "stage prod: not deployed") {
		t.Errorf("got %v", err)
	}
	odd := awsfake.NewSSM(map[string]string{"/ephemr/dev/settings": `{"newer": true}`})
	_, err = session.Load(t.Context(), odd, "dev")
	if err == nil || !strings.Contains(err.Error(), "is not compatible with this version of ephemr") {
		t.Errorf("got %v", err)
	}
	for _, name := range []string{"../x", "Dev", ""} {
		if _, err := session.Open(t.Context(), name); exit.CodeOf(err) != exit.CodeUsage {
			t.Errorf("%q: got %v, want exit code 2", name, err)
		}
	}
}
