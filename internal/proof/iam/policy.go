// Package iam evaluates identity-based policies of IAM, so that tests can check
// what a role is allowed without an account.
//
// It implements the documented logic for one account: an explicit deny wins, and
// what no statement allows is denied. It supports the elements, operators and
// wildcards that the policies of this repository use, and refuses all others: an
// element that it ignored would make it more lenient than IAM.
// Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
package iam

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Policy is a policy document.
type Policy struct {
	Statement []Statement
}

// Statement is a statement of a policy.
type Statement struct {
	Effect    string
	Action    Texts
	Resource  Texts
	Condition Conditions `json:",omitempty"`
}

// Conditions are those of a statement: operator -> key -> values.
type Conditions map[string]map[string]Texts

// Texts is one string or a list of strings in JSON.
type Texts []string

// Parse reads a policy document, or reports what it contains that this package
// does not support.
func Parse(document []byte) (Policy, error) {
	var p struct {
		Version   string
		Statement []struct {
			Sid string
			Statement
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields() // NotAction, NotResource, Principal
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, fmt.Errorf("decode policy: %w", err)
	}
	var policy Policy
	for i, s := range p.Statement {
		if err := s.check(); err != nil {
			return Policy{}, fmt.Errorf("statement %d: %w", i, err)
		}
		policy.Statement = append(policy.Statement, s.Statement)
	}
	return policy, nil
}

// check refuses what Decide cannot evaluate.
func (s Statement) check() error {
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return fmt.Errorf("unsupported effect %q", s.Effect)
	}
	if len(s.Action) == 0 || len(s.Resource) == 0 {
		return fmt.Errorf("no action or no resource")
	}
	for operator, keys := range s.Condition {
		if _, _, err := parseOperator(operator); err != nil {
			return err
		}
		for key, values := range keys {
			for _, value := range values {
				if bytes.Contains([]byte(value), []byte("${")) {
					return fmt.Errorf("%s %s: policy variables are not supported: %s", operator, key, value)
				}
			}
		}
	}
	return nil
}

// UnmarshalJSON reads one string or a list of strings; booleans are text, as in IAM.
func (t *Texts) UnmarshalJSON(data []byte) error {
	var one any
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	list, many := one.([]any)
	if !many {
		list = []any{one}
	}
	*t = nil
	for _, item := range list {
		switch item := item.(type) {
		case string:
			*t = append(*t, item)
		case bool:
			*t = append(*t, fmt.Sprint(item))
		default:
			return fmt.Errorf("%v is not a string", item)
		}
	}
	return nil
}
