package ddbexpr_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

type m = map[string]any

func av(t testing.TB, v m) ddbexpr.Item {
	t.Helper()
	item := ddbexpr.Item{}
	for k, x := range v {
		if ready, ok := x.(types.AttributeValue); ok {
			item[k] = ready
			continue
		}
		x, err := attributevalue.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		item[k] = x
	}
	return item
}

// set is a string set: a plain slice would be a list.
func set(s ...string) types.AttributeValue { return &types.AttributeValueMemberSS{Value: s} }

func wantMessage(t *testing.T, err error, want string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != "ValidationException" || !strings.Contains(e.ErrorMessage(), want) {
		t.Errorf("got %v, want a ValidationException with %q", err, want)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	item := av(t, m{"n": 5, "s": "hello", "b": true, "nil": nil, "l": []any{1, "x", m{"k": "v"}}, "mm": m{"a.b": 1, "c": m{"d": 2}}, "tags": set("a", "b"), "e": ""})
	values := av(t, m{":five": 5, ":six": 6, ":one": 1, ":hello": "hello", ":h": "he", ":x": "x", ":true": true, ":N": "N", ":SS": "SS", ":set": set("b", "a"), ":a": "a", ":two": 2, ":v": "v", ":empty": ""})
	tests := map[string]bool{
		"n = :five":                                  true,
		"n = :hello":                                 false, // another type
		"n <> :hello":                                true,
		"nope <> :five":                              true, // a missing attribute is different from anything
		"nope = :five":                               false,
		"nope < :five":                               false,
		"NOT nope = :five":                           true,
		"n < :six AND n > :one":                      true,
		"n < :hello":                                 false,
		"n BETWEEN :one AND :five":                   true,
		"n BETWEEN :six AND :six OR n = :five":       true,
		"n IN (:one, :five)":                         true,
		"s in (:one, :five)":                         false,
		"n = :five OR n = :six AND s = :x":           true, // AND binds tighter
		"(n = :five OR n = :six) AND s = :x":         false,
		"NOT n = :six AND s = :hello":                true, // NOT binds tightest
		"NOT (n = :six OR s = :hello)":               false,
		"attribute_exists(n)":                        true,
		"attribute_exists(#nil)":                     true,
		"attribute_exists(mm.c.d)":                   true,
		"attribute_exists(mm.c.e)":                   false,
		"attribute_exists(l[2].k)":                   true,
		"attribute_exists(l[3])":                     false,
		"attribute_not_exists(nope.a[0])":            true,
		"attribute_type(n, :N)":                      true,
		"attribute_type(tags, :SS)":                  true,
		"attribute_type(nope, :N)":                   false,
		"begins_with(s, :h)":                         true,
		"begins_with(n, :h)":                         false,
		"contains(s, :h)":                            true,
		"contains(tags, :a)":                         true,
		"contains(l, :x)":                            true,
		"contains(tags, :x)":                         false,
		"tags = :set":                                true, // sets have no order
		"size(s) = :five":                            true,
		"size(tags) = :two":                          true,
		"size(l) > :two":                             true,
		"size(nope) > :one":                          false,
		"size(n) = :five":                            false, // numbers have no size
		"b = :true":                                  true,
		"e = :empty":                                 true,
		"#dotted = :one":                             false, // #names are not split at dots
		"mm.#dotted = :one":                          true,
		"l[2].k = :v":                                true,
		"mm.c.d=:two and l[0]=:one":                  true,
		"n < l[0]":                                   false,
		"attribute_exists(n)AND attribute_exists(s)": true,
	}
	for src, want := range tests {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			c, err := ddbexpr.ParseCondition("ConditionExpression", src)
			if err != nil {
				t.Fatal(err)
			}
			env := ddbexpr.Env{Names: map[string]string{"#dotted": "a.b", "#nil": "nil"}, Values: values}
			if err := c.Check(env); err != nil {
				t.Fatal(err)
			}
			if got := c.Holds(item, env); got != want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestConditionsRefused(t *testing.T) {
	t.Parallel()
	values := av(t, m{":v": "v", ":n": 1, ":m": 2, ":b": true, ":t": "T", ":l": []any{}})
	tests := map[string]string{
		"":                          "The expression can not be empty;",
		"a =":                       `Syntax error; token: "<EOF>", near: "="`,
		"a = :v b":                  `Syntax error; token: "b", near: ":v b"`,
		"a == :v":                   `Syntax error; token: "="`,
		"a = 5":                     `Syntax error; token: "5"`,
		"a = 'x'":                   `Syntax error; token: "'"`,
		"a":                         "Syntax error",
		"state = :v":                "Attribute name is a reserved keyword; reserved keyword: state",
		"a.Name = :v":               "reserved keyword: Name",
		"#a = :v":                   "An expression attribute name used in the document path is not defined; attribute name: #a",
		"a = :nope":                 "An expression attribute value used in expression is not defined; attribute value: :nope",
		"((a = :v))":                "The expression has redundant parentheses;",
		"exists(a)":                 "Invalid function name; function: exists",
		"ATTRIBUTE_EXISTS(a)":       "Invalid function name; function: ATTRIBUTE_EXISTS",
		"if_not_exists(a, :v) = :v": "The function is not allowed to be used this way in an expression; function: if_not_exists",
		"attribute_exists(a, b)":    "Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2",
		"attribute_exists(:v)":      "Operator or function requires a document path; operator or function: attribute_exists",
		"begins_with(a, :n)":        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
		"a < :b":                    "Incorrect operand type for operator or function; operator or function: <, operand type: BOOL",
		"a >= :l":                   "operand type: L",
		"attribute_type(a, :t)":     "Invalid attribute type name found; type: T",
		"a = a":                     "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]",
		"a BETWEEN :m AND :n":       "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: AttributeValue: {N:1}",
		"a BETWEEN :v AND :n":       "The BETWEEN operator requires same data type for lower and upper bounds",
		"a[b] = :v":                 "Syntax error",
		"a. = :v":                   "Syntax error",
		"NOT":                       "Syntax error",
		"a IN :v":                   "Syntax error",
		"(a = :v":                   `Syntax error; token: "<EOF>"`,
		"attribute_exists(a) AND":   `Syntax error; token: "<EOF>"`,
		strings.Repeat("a", 4097):   "Expression size has exceeded the maximum allowed size",
	}
	for src, want := range tests {
		t.Run(src[:min(len(src), 40)], func(t *testing.T) {
			t.Parallel()
			c, err := ddbexpr.ParseCondition("ConditionExpression", src)
			if err == nil {
				err = c.Check(ddbexpr.Env{Values: values})
			}
			wantMessage(t, err, want)
		})
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	values := m{":one": 1, ":s": "x", ":l": []any{9}, ":set": set("b", "c"), ":m": m{"k": 1}, ":f": 0.1}
	tests := map[string]struct{ before, after m }{
		"SET a = :one, b = a":                            {m{"a": 5}, m{"a": 1, "b": 5}}, // operands are from before
		"SET a = a + :one":                               {m{"a": 5}, m{"a": 6}},
		"SET a = a - :one":                               {m{"a": 0.5}, m{"a": -0.5}},
		"SET a = a + :f":                                 {m{"a": 0.2}, m{"a": 0.3}}, // decimal, not binary
		"SET a = if_not_exists(a, :one)":                 {m{"a": 5}, m{"a": 5}},
		"SET a = if_not_exists(z, :one) + :one":          {m{}, m{"a": 2}},
		"SET a = list_append(a, :l)":                     {m{"a": []any{1}}, m{"a": []any{1, 9}}},
		"SET a = list_append(if_not_exists(a, :l), :l)":  {m{}, m{"a": []any{9, 9}}},
		"SET a[9] = :one":                                {m{"a": []any{3}}, m{"a": []any{3, 1}}},
		"SET a[0] = :s":                                  {m{"a": []any{3, 4}}, m{"a": []any{"x", 4}}},
		"SET a.b = :m":                                   {m{"a": m{"c": 1}}, m{"a": m{"b": m{"k": 1}, "c": 1}}},
		"set a = :s remove b":                            {m{"b": 1}, m{"a": "x"}},
		"REMOVE a[0], a[2]":                              {m{"a": []any{1, 2, 3, 4}}, m{"a": []any{2, 4}}},
		"REMOVE a.b, z":                                  {m{"a": m{"b": 1, "c": 2}}, m{"a": m{"c": 2}}},
		"ADD a :one":                                     {m{}, m{"a": 1}},
		"ADD a :one, b :set":                             {m{"a": 2, "b": set("a", "b")}, m{"a": 3, "b": set("a", "b", "c")}},
		"DELETE a :set":                                  {m{"a": set("a", "b")}, m{"a": set("a")}},
		"DELETE z :set, a :set":                          {m{"a": set("b"), "k": 1}, m{"k": 1}}, // an empty set goes
		"SET a = :one REMOVE b ADD c :one DELETE d :set": {m{"b": 1, "d": set("b", "d")}, m{"a": 1, "c": 1, "d": set("d")}},
	}
	for src, tt := range tests {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			env := ddbexpr.Env{Values: av(t, values)}
			u, err := ddbexpr.ParseUpdate(src)
			if err != nil {
				t.Fatal(err)
			}
			if err := u.Check(env); err != nil {
				t.Fatal(err)
			}
			before := av(t, tt.before)
			got, err := u.Apply(before, env)
			if err != nil {
				t.Fatal(err)
			}
			if want := av(t, tt.after); !equal(got, want) {
				t.Errorf("got %s, want %s", text(got), text(want))
			}
			if !equal(before, av(t, tt.before)) {
				t.Error("the item before was changed")
			}
		})
	}
}

func text(item ddbexpr.Item) string {
	var b strings.Builder
	ddbexpr.Write(&b, &types.AttributeValueMemberM{Value: item})
	return b.String()
}

func equal(a, b ddbexpr.Item) bool {
	return ddbexpr.Equal(&types.AttributeValueMemberM{Value: a}, &types.AttributeValueMemberM{Value: b})
}

func TestUpdatesRefused(t *testing.T) {
	t.Parallel()
	item := m{"n": 1, "s": "x", "mm": m{}}
	tests := map[string]string{
		"":                              "The expression can not be empty;",
		"a = :n":                        `Syntax error; token: "a"`,
		"SET":                           `Syntax error; token: "<EOF>"`,
		"SET a = :n,":                   "Syntax error",
		"SET a = :n SET s = :n":         `The "SET" section can only be used once in an update expression;`,
		"SET a = :n + :n + :n":          "Syntax error",
		"SET a = :n, a.b = :n":          "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a, b]",
		"SET a = :n REMOVE a":           "Two document paths overlap",
		"SET a.b = :n, a[0] = :n":       "Two document paths conflict with each other",
		"SET a = s + :n":                "An operand in the update expression has an incorrect data type",
		"SET a = :s + :n":               "Incorrect operand type for operator or function; operator or function: +, operand type: S",
		"SET a = nope":                  "The provided expression refers to an attribute that does not exist in the item",
		"SET nope.b = :n":               "The document path provided in the update expression is invalid for update",
		"SET s.b = :n":                  "The document path provided in the update expression is invalid for update",
		"SET mm[0] = :n":                "The document path provided in the update expression is invalid for update",
		"REMOVE nope.b":                 "The document path provided in the update expression is invalid for update",
		"ADD s :n":                      "An operand in the update expression has an incorrect data type",
		"ADD a :s":                      "Incorrect operand type for operator or function; operator or function: ADD, operand type: S",
		"DELETE a :n":                   "operator or function: DELETE, operand type: N",
		"ADD mm.a :n":                   "top-level attributes",
		"ADD a s":                       "Syntax error",
		"SET a = size(s)":               "The function is not allowed in an update expression; function: size",
		"SET a = list_append(:n, :n)":   "operator or function: list_append, operand type: N",
		"SET a = if_not_exists(:n, :n)": "Operator or function requires a document path; operator or function: if_not_exists",
		"SET a = foo(s)":                "Invalid function name; function: foo",
		"SET ttl = :n":                  "reserved keyword: ttl",
	}
	for src, want := range tests {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			env := ddbexpr.Env{Values: av(t, m{":n": 1, ":s": "x"})}
			u, err := ddbexpr.ParseUpdate(src)
			if err == nil {
				err = u.Check(env)
			}
			if err == nil {
				_, err = u.Apply(av(t, item), env)
			}
			wantMessage(t, err, want)
		})
	}
}

func TestProjection(t *testing.T) {
	t.Parallel()
	item := av(t, m{"a": 1, "b": m{"c": 2, "d": 3}, "l": []any{1, 2, m{"x": 1, "y": 2}}})
	tests := map[string]m{
		"a":            {"a": 1},
		"b.c, a":       {"a": 1, "b": m{"c": 2}},
		"l[0], l[2].x": {"l": []any{1, m{"x": 1}}},
		"nope, b.nope": {},
	}
	for src, want := range tests {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			p, err := ddbexpr.ParseProjection(src)
			if err != nil {
				t.Fatal(err)
			}
			if got := ddbexpr.Project(item, p.Paths(ddbexpr.Env{})); !equal(got, av(t, want)) {
				t.Errorf("got %s, want %v", text(got), want)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "007": "7", "1.50": "1.5", "-.5": "-0.5", "1e3": "1000", "12E-1": "1.2", "+3": "3", "1e-3": "0.001",
		"12345678901234567890123456789012345678": "12345678901234567890123456789012345678",
	} {
		n, err := ddbexpr.ParseNumber(in)
		if err != nil || n.String() != want {
			t.Errorf("%s: got %s, %v", in, n, err)
		}
	}
	for _, in := range []string{"", "-", ".", "x", "1e", "1 ", "0x1", "NaN", "Infinity", "1_000"} {
		if n, err := ddbexpr.ParseNumber(in); err == nil {
			t.Errorf("%q: got %s", in, n)
		}
	}
	sorted := []string{"-100", "-20.5", "-20", "-0.001", "0", "1e-10", "3", "20", "20.5", "100000000000000000000"}
	for i, a := range sorted {
		for j, b := range sorted {
			c, ok := ddbexpr.Compare(&types.AttributeValueMemberN{Value: a}, &types.AttributeValueMemberN{Value: b})
			if !ok || (c < 0) != (i < j) || (c == 0) != (i == j) {
				t.Errorf("compare %s with %s: %d", a, b, c)
			}
		}
	}
}
