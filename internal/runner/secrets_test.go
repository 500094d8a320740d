package runner_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"ephemr/internal/job"
	"ephemr/internal/runner"
)

var (
	_ runner.SecretsAPI    = (*secretsmanager.Client)(nil)
	_ runner.ParametersAPI = (*ssm.Client)(nil)
)

// vault is both stores of secrets. Errors are those of AWS, by secret, in turn.
type vault struct {
	mu     sync.Mutex
	values map[string]string // by name; those of the Parameter Store begin with ssm:
	plain  map[string]bool   // parameters that are not encrypted
	fail   map[string][]string
	calls  map[string]int
}

func (v *vault) get(id, missing string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls[id]++
	if q := v.fail[id]; len(q) > 0 {
		v.fail[id] = q[1:]
		return "", apiError(q[0])
	}
	value, ok := v.values[id]
	if !ok {
		return "", apiError(missing)
	}
	return value, nil
}

func (v *vault) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	value, err := v.get(*in.SecretId, "ResourceNotFoundException")
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(*in.SecretId, "binary/") {
		return &secretsmanager.GetSecretValueOutput{SecretBinary: []byte(value)}, nil
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, nil
}

func (v *vault) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	value, err := v.get("ssm:"+*in.Name, "ParameterNotFound")
	if err != nil {
		return nil, err
	}
	p := &types.Parameter{Type: types.ParameterTypeSecureString, Value: &value}
	if v.plain[*in.Name] {
		p.Type = types.ParameterTypeString
	}
	if !aws.ToBool(in.WithDecryption) {
		p.Value = aws.String("AQICAHh" + strings.Repeat("x", len(value)))
	}
	return &ssm.GetParameterOutput{Parameter: p}, nil
}

const (
	password = "hunter2/pässword" //nolint:gosec // of tests
	token    = "tok-4711-0815-token"
)

func withVault(b *bench) *vault {
	v := &vault{values: map[string]string{
		"stores/password": password, "stores/db": `{"user": "anna-maria", "password": "` + password + `", "port": 5432, "none": null}`,
		"ssm:/stores/token": token, "ssm:/plain": token, "short": "abc", "blank": "  \n ", "text": "not JSON", "binary/key": "\x00\x01\x02\xff key",
	}, plain: map[string]bool{"/plain": true}, fail: map[string][]string{}, calls: map[string]int{}}
	b.Secrets, b.Parameters = v, v
	return v
}

func from(refs ...string) map[string]job.Secret {
	all := map[string]job.Secret{}
	for pair := range slices.Chunk(refs, 2) {
		ref, file := strings.CutSuffix(pair[1], " file")
		all[pair[0]] = job.Secret{Secret: ref}
		if file {
			all[pair[0]] = job.Secret{Secret: ref, As: job.AsFile}
		}
	}
	return all
}

// everything is all that leaves the runner.
func (b *bench) everything() string {
	var all strings.Builder
	all.WriteString(b.stdout.String() + b.stderr.String())
	for _, name := range slices.Sorted(maps.Keys(b.logs.streams)) {
		all.WriteString(strings.Join(b.logs.streams[name], "\n"))
	}
	for key, body := range b.s3.objects {
		if !strings.HasSuffix(key, ".zip") {
			all.Write(body)
		}
	}
	return all.String()
}

func TestProgramsGetSecrets(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v := withVault(b)
	s := b.bash(`
test "$PASSWORD" = '` + password + `' && test "$AGAIN" = "$PASSWORD" && test "$PORT" = 5432 && test "$TOKEN" = ` + token + ` &&
test "$(cat "$FILE")" = "$TOKEN" && test "$(stat -c %a "$FILE" "$(dirname "$FILE")" | xargs)" = "600 700" && test "$(wc -c < "$KEY")" = 8 && echo right`)
	s.Secrets = from("PASSWORD", "stores/db#password", "PORT", "stores/db#port", "AGAIN", "stores/password",
		"TOKEN", "ssm:/stores/token", "FILE", "ssm:/stores/token file", "KEY", "binary/key file")
	code, res := b.run(t.Context(), s)
	if got := b.logs.streams[dir+"/stdout"]; code != 0 || !slices.Equal(got, []string{"right"}) {
		t.Errorf("exit %d, %+v, %q, %s", code, res, got, b.stderr)
	}
	if v.calls["stores/db"] != 1 {
		t.Errorf("%d calls for one secret", v.calls["stores/db"])
	}
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ script, want string }{
		"printed":          {`echo "it is $PASSWORD"; exit 1`, "it is ***"},
		"in two writes":    {`printf 'x hunter2/'; sleep 0.05; printf 'pässword y\n' >&2; printf 'pässword z\n'; exit 1`, "x ***"},
		"byte by byte":     {`for c in h u n t e r 2 / p ä s s w o r d; do printf $c; sleep 0.002; done; echo; exit 1`, "***"},
		"without newline":  {`printf "it is $PASSWORD"; exit 1`, "it is ***"},
		"base64":           {`printf "user:$PASSWORD" | base64 -w 20; exit 1`, "dXNlcjp***"},
		"in a file":        {`cat $FILE; echo; exit 1`, "***"},
		"a field":          {`echo anna-maria; exit 1`, "***"},
		"an exception":     {`echo "java.lang.RuntimeException: login with $PASSWORD failed" >&2; exit 1`, "login with *** failed"},
		"set -x":           {`set -x; test "$PASSWORD" = x`, "last command: test *** = x"},
		"in outputs":       {`echo "url=db://u:$PASSWORD@h" >> $EPHEMR_OUTPUT; echo rows=5 >> $EPHEMR_OUTPUT`, "db://u:***@h|outputs contained a secret, which was replaced by ***: url;"},
		"malformed output": {`echo "$PASSWORD$PASSWORD$PASSWORD$PASSWORD$PASSWORD" >> $EPHEMR_OUTPUT`, `is not key=value: \"***\"`},
		"in the background": {
			`( exec -a "/x/$TOKEN" sleep 100 ) & sleep 0.1`, "*** 100 (pid ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			withVault(b)
			s := b.bash(tt.script)
			s.Secrets = from("PASSWORD", "stores/password", "TOKEN", "ssm:/stores/token", "FILE", "stores/password file", "DB", "stores/db")
			_, res := b.run(t.Context(), s)
			all := b.everything()
			for _, part := range strings.Split(tt.want, "|") {
				if !strings.Contains(all, part) {
					t.Errorf("no %q in %s", part, all)
				}
			}
			for _, shown := range []string{password, token, "hunter2/pä", "4711-0815", "aHVudGVyMi9ww6Rzc3dvcmQ", "anna-maria"} {
				if strings.Contains(all, shown) {
					t.Errorf("%q is shown: %+v\n%s", shown, res, all)
				}
			}
		})
	}
}

func TestSecretsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ref   string
		fail  []string
		class job.Class
		want  string
	}{
		"missing":             {"nothing", nil, job.ClassInvalid, "read secret V, which is nothing of Secrets Manager: it does not exist; create it, or correct the name in the pipeline: ResourceNotFoundException: no"},
		"missing parameter":   {"ssm:/nothing", nil, job.ClassInvalid, "read secret V, which is ssm:/nothing of SSM Parameter Store: it does not exist;"},
		"denied":              {"stores/db", []string{"AccessDeniedException"}, job.ClassPermission, "the role of the job may not read it; add it to secrets in the stage's file"},
		"denied key":          {"stores/db", []string{"DecryptionFailure"}, job.ClassPermission, "allow the role to use its KMS key"},
		"deleted":             {"stores/db", []string{"InvalidRequestException"}, job.ClassInvalid, "perhaps scheduled for deletion; restore it"},
		"throttled, then key": {"stores/db#nothing", []string{"ThrottlingException", "InternalServiceError", "ThrottlingException"}, job.ClassInvalid, `secret V: stores/db of Secrets Manager has no key "nothing"; correct the key after #`},
		"null":                {"stores/db#none", nil, job.ClassInvalid, `has no key "none"`},
		"no JSON":             {"text#key", nil, job.ClassInvalid, `is not a JSON object, and so has no key "key"`},
		"short":               {"short", nil, job.ClassInvalid, "has fewer than 4 bytes, which could not be masked"},
		"blank":               {"blank", nil, job.ClassInvalid, "has an empty value"},
		"binary":              {"binary/key", nil, job.ClassInvalid, "is binary, which no variable can have; write {secret: …, as: file}"},
		"not encrypted":       {"ssm:/plain", nil, job.ClassInvalid, "it is a parameter of type String, which is not encrypted; store it as a SecureString"},
		"no address":          {"two words", nil, job.ClassInvalid, `secret V: "two words" is not the name of a secret`},
		"throttled for long":  {"stores/db", slices.Repeat([]string{"ThrottlingException"}, 20), job.ClassInternal, "read secret V, which is stores/db of Secrets Manager: ThrottlingException: no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			v := withVault(b)
			s := b.bash("echo started")
			s.Secrets = from("V", tt.ref)
			address, _, _ := strings.Cut(tt.ref, "#")
			v.fail[address] = tt.fail
			code, res := b.run(t.Context(), s)
			if code == 0 || res.Class != tt.class || !strings.Contains(res.Reason, tt.want) {
				t.Errorf("exit %d, %s: %s", code, res.Class, res.Reason)
			}
			if len(b.logs.streams[dir+"/stdout"]) > 0 {
				t.Error("the program was started")
			}
			if all, _ := json.Marshal(res); strings.Contains(string(all), "not JSON") || strings.Contains(string(all), password) {
				t.Errorf("the value is shown: %s", all)
			}
		})
	}
}

// Values of sensitive params are masked in what the runner says of an address, and in what
// the program prints.
func TestSensitiveParamsAreMasked(t *testing.T) {
	t.Parallel()
	const address = "s3://b/of=" + password + "/"
	for name, change := range map[string]func(b *bench, s *job.Spec){
		"printed":         func(_ *bench, s *job.Spec) { s.Env = map[string]string{"TOKEN": password} },
		"nothing written": func(_ *bench, s *job.Spec) { s.Expect = []string{address} },
		"denied": func(b *bench, s *job.Spec) {
			s.Expect = []string{address}
			b.S3 = &dated{bucket: b.s3, err: apiError("AccessDenied")}
		},
		"a check": func(_ *bench, s *job.Spec) {
			s.Type, s.Package, s.PackageSHA256, s.Entry = job.Quality, "", "", ""
			s.Checks = []job.Check{{Dataset: "s3://bucket/of=" + password + "/", Rows: "> 0"}}
		},
		"a secret that is missing": func(b *bench, s *job.Spec) { withVault(b); s.Secrets = from("A", "stores/"+password) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			s := b.bash(`echo "it is $TOKEN"`)
			s.Hidden = []string{password}
			change(b, &s)
			_, res := b.run(t.Context(), s)
			said, err := json.Marshal(res)
			if err != nil {
				t.Fatal(err)
			}
			all := string(said) + b.stdout.String() + b.stderr.String()
			for _, stream := range b.logs.streams {
				all += strings.Join(stream, "\n")
			}
			if strings.Contains(all, password) || !strings.Contains(all, "***") {
				t.Error(all)
			}
		})
	}
}
