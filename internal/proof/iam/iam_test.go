package iam_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/proof/iam"
)

const table = "arn:aws:dynamodb:us-east-1:123456789012:table/runs"

func parse(t *testing.T, statements ...string) iam.Policy {
	t.Helper()
	p, err := iam.Parse([]byte(`{"Version": "2012-10-17", "Statement": [` + strings.Join(statements, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDecide(t *testing.T) {
	t.Parallel()
	allow := func(action, resource string) string {
		return `{"Effect": "Allow", "Action": ["` + action + `"], "Resource": "` + resource + `"}`
	}
	get := iam.Request{Action: "dynamodb:GetItem", Resource: table}
	for name, tt := range map[string]struct {
		statements []string
		request    iam.Request
		want       bool
	}{
		"nothing allows it":                   {nil, get, false},
		"the action and the resource":         {[]string{allow("dynamodb:GetItem", table)}, get, true},
		"actions are not case-sensitive":      {[]string{allow("DynamoDB:getitem", table)}, get, true},
		"another action":                      {[]string{allow("dynamodb:PutItem", table)}, get, false},
		"another resource":                    {[]string{allow("dynamodb:GetItem", table+"-2")}, get, false},
		"a wildcard in the action":            {[]string{allow("dynamodb:Get*", table)}, get, true},
		"a wildcard in the resource":          {[]string{allow("dynamodb:GetItem", "arn:aws:dynamodb:*:*:table/r?ns")}, get, true},
		"every resource":                      {[]string{allow("dynamodb:GetItem", "*")}, get, true},
		"an ARN when the request has none":    {[]string{allow("dynamodb:GetItem", table)}, iam.Request{Action: "dynamodb:GetItem", Resource: "*"}, false},
		"the index of a table is another one": {[]string{allow("dynamodb:GetItem", table)}, iam.Request{Action: "dynamodb:GetItem", Resource: table + "/index/x"}, false},
		"wildcards stay within their part of the ARN": {
			[]string{allow("s3:GetObject", "arn:aws:*:table/runs")}, iam.Request{Action: "s3:GetObject", Resource: table}, false,
		},
		"wildcards match slashes": {
			[]string{allow("s3:GetObject", "arn:aws:s3:::b/runs/*")}, iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/runs/a/b"}, true,
		},
		"a deny wins": {
			[]string{allow("dynamodb:GetItem", table), `{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}`}, get, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, by := parse(t, tt.statements...).Decide(tt.request); got != tt.want || got != (len(by) > 0) {
				t.Errorf("allowed: %t by %v, want %t", got, by, tt.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	type context = map[string][]string
	for name, tt := range map[string]struct {
		condition string
		context   context
		want      bool
	}{
		"equal":                       {`{"StringEquals": {"aws:ResourceTag/a": "x"}}`, context{"aws:resourcetag/a": {"x"}}, true},
		"one of several values":       {`{"StringEquals": {"k": ["x", "y"]}}`, context{"k": {"y"}}, true},
		"not equal":                   {`{"StringEquals": {"k": "x"}}`, context{"k": {"X"}}, false},
		"none of several values":      {`{"StringNotEquals": {"k": ["x", "y"]}}`, context{"k": {"z"}}, true},
		"one that must not be":        {`{"StringNotEquals": {"k": ["x", "y"]}}`, context{"k": {"y"}}, false},
		"missing, so not equal":       {`{"StringNotEquals": {"k": "x"}}`, nil, true},
		"missing":                     {`{"StringEquals": {"k": "x"}}`, nil, false},
		"missing, if it exists":       {`{"StringEqualsIfExists": {"k": "x"}}`, nil, true},
		"not equal, if it exists":     {`{"StringEqualsIfExists": {"k": "x"}}`, context{"k": {"y"}}, false},
		"like":                        {`{"StringLike": {"k": "team/*"}}`, context{"k": {"team/a/b"}}, true},
		"not like":                    {`{"StringLike": {"k": "team/*"}}`, context{"k": {"team"}}, false},
		"an ARN":                      {`{"ArnEquals": {"k": "arn:aws:iam::1:role/u-*"}}`, context{"k": {"arn:aws:iam::1:role/u-a"}}, true},
		"another ARN":                 {`{"ArnEqualsIfExists": {"k": "arn:aws:iam::1:role/u"}}`, context{"k": {"arn:aws:iam::1:role/v"}}, false},
		"absent as required":          {`{"Null": {"k": "true"}}`, nil, true},
		"present, required absent":    {`{"Null": {"k": true}}`, context{"k": {"x"}}, false},
		"present as required":         {`{"Null": {"k": "false"}}`, context{"k": {"x"}}, true},
		"all values":                  {`{"ForAllValues:StringEquals": {"k": ["x", "y"]}}`, context{"k": {"x", "y"}}, true},
		"not all values":              {`{"ForAllValues:StringEquals": {"k": ["x"]}}`, context{"k": {"x", "y"}}, false},
		"all of no values":            {`{"ForAllValues:StringEquals": {"k": ["x"]}}`, nil, true},
		"any value":                   {`{"ForAnyValue:StringEquals": {"k": "x"}}`, context{"k": {"y", "x"}}, true},
		"all keys of a block":         {`{"StringEquals": {"k": "x", "l": "y"}}`, context{"k": {"x"}}, false},
		"all blocks":                  {`{"StringEquals": {"k": "x"}, "Null": {"l": "false"}}`, context{"k": {"x"}}, false},
		"a boolean is text":           {`{"Bool": {"aws:SecureTransport": true}}`, context{"aws:SecureTransport": {"true"}}, true},
		"another boolean":             {`{"Bool": {"aws:SecureTransport": "false"}}`, context{"aws:SecureTransport": {"true"}}, false},
		"no values of a present key":  {`{"StringEquals": {"k": "x"}}`, context{"k": {}}, false},
		"ARNs are compared by part":   {`{"ArnLike": {"k": "arn:aws:iam::*:role/u"}}`, context{"k": {"arn:aws:iam::1:x:role/u"}}, false},
		"an exact value, not a regex": {`{"StringEquals": {"k": "a*"}}`, context{"k": {"ab"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := parse(t, `{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": `+tt.condition+`}`)
			if got, _ := p.Decide(iam.Request{Action: "a:B", Resource: table, Context: tt.context}); got != tt.want {
				t.Errorf("allowed: %t, want %t", got, tt.want)
			}
		})
	}
}

// What cannot be evaluated is an error, not ignored.
func TestUnsupported(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"NotAction":         `{"Effect": "Allow", "NotAction": "a:B", "Resource": "*"}`,
		"NotResource":       `{"Effect": "Allow", "Action": "a:B", "NotResource": "x"}`,
		"a principal":       `{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Principal": "*"}`,
		"no resource":       `{"Effect": "Allow", "Action": "a:B"}`,
		"an operator":       `{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}`,
		"a policy variable": `{"Effect": "Allow", "Action": "a:B", "Resource": "*", "Condition": {"StringEquals": {"k": "${aws:username}"}}}`,
		"a reference":       `{"Effect": "Allow", "Action": "a:B", "Resource": {"Ref": "Table"}}`,
		"an effect":         `{"Effect": "Maybe", "Action": "a:B", "Resource": "*"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, err := iam.Parse([]byte(`{"Statement": [` + statement + `]}`)); err == nil {
				t.Errorf("got %v", p)
			}
		})
	}
}

// Unused permissions are found by the grants that no request needs.
func TestGrants(t *testing.T) {
	t.Parallel()
	p := parse(t,
		`{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::b/a/*", "arn:aws:s3:::b/b/*"]}`,
		`{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}`)
	_, by := p.Decide(iam.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/b/key"})
	want := []iam.Grant{{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/b/*"}, {Action: "s3:Get*", Resource: "*"}}
	if diff := cmp.Diff(want, by); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
}
