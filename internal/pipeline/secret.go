package pipeline

import (
	"fmt"
	"strings"

	"ephemr/internal/job"
)

// Secret is where the value of an environment variable is kept. In a file it may be
// written as its address alone.
type Secret struct {
	Secret string `json:"secret" jsonschema:"required"`                 // NAME or NAME#KEY of Secrets Manager, ssm:/path/name, or an ARN of either; a template
	As     string `json:"as,omitempty" jsonschema:"enum=env,enum=file"` // env: the variable has the value (default); file: it has the path of a file with the value
}

func (*Secret) abbreviates() string { return "secret" }

const maxSecrets = 50 // of a job: each takes a call before the program starts

// secrets checks the secrets of a job.
func (r *rules) secrets(p *place, j Job) {
	r.atMost(p, "secrets", len(j.Secrets), maxSecrets)
	if len(j.Secrets) > 0 && j.Type == job.Hive {
		r.fault(p, "hive jobs have no secrets: Hive keeps the text of queries in its history and logs; use a bash, jar or spark job")
		return
	}
	for _, name := range sorted(j.Secrets) {
		r.secret(p.key(name), name, j)
	}
}

func (r *rules) secret(at *place, name string, j Job) {
	s := j.Secrets[name]
	switch _, inEnv := j.Env[name]; {
	case r.isTainted(at) || r.isTainted(at.key("secret")):
	case !envPattern.MatchString(name):
		r.fault(at, "invalid variable name %q: use letters, digits and _", name)
	case strings.HasPrefix(name, "EPHEMR_"):
		r.fault(at, "names beginning with EPHEMR_ are reserved; choose another")
	case inEnv:
		r.fault(at, "env has the variable too; remove one")
	case s.As != "" && s.As != job.AsEnv && s.As != job.AsFile:
		r.fault(at.key("as"), "unknown value %q; use env or file", s.As)
	case !isTemplate(s.Secret):
		address(at, s, r.fault)
	}
}

// address checks where a secret is, without templates.
func address(p *place, s Secret, fault func(p *place, format string, args ...any)) {
	if _, err := job.ParseSecret(s.Secret); err != nil {
		fault(p.key("secret"), "%v", err)
	}
}

// secretFields returns the templates of a job's secrets.
func secretFields(p *place, j *Job) (all []field) {
	for _, name := range sorted(j.Secrets) {
		all = append(all, field{name: name, at: p.key(name).key("secret"), get: j.Secrets[name].Secret, set: func(text string) {
			s := j.Secrets[name]
			s.Secret = text
			j.Secrets[name] = s
		}})
	}
	return all
}

// SecretUse is a secret of a job, by the variable that is to have its value.
type SecretUse struct {
	Job, Variable string
	Ref           job.SecretRef
	Late          bool  // its address depends on another job's outputs, and is not known
	Err           error // its address cannot be filled in
}

// SecretUses returns the secrets of all jobs that may run.
func (s Spec) SecretUses(c Context) (all []SecretUse) {
	for i := range s.Jobs {
		j := s.Jobs[i]
		if j.If != "" && s.needless(j, c) {
			continue
		}
		at := &place{text: "jobs[" + j.Name + "]"}
		for _, f := range secretFields(at.key("secrets"), &j) {
			use := SecretUse{Job: j.Name, Variable: f.name, Late: len(s.independent([]field{f})) == 0}
			if !use.Late {
				use.Ref, use.Err = s.secretRef(f, c)
			}
			all = append(all, use)
		}
	}
	return all
}

func (s Spec) secretRef(f field, c Context) (job.SecretRef, error) {
	text, err := render(f.get, c, c.data(), false)
	if err != nil {
		return job.SecretRef{}, fmt.Errorf("pipeline %s: render %s: %w", s.Name, f.at, c.hide(err))
	}
	ref, err := job.ParseSecret(text)
	if err != nil {
		return ref, fmt.Errorf("pipeline %s: render %s: %w", s.Name, f.at, c.hide(err))
	}
	return ref, nil
}
