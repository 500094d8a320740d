// Package ddbexpr parses and evaluates DynamoDB's expressions, and refuses
// what DynamoDB refuses with its messages.
package ddbexpr

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Value is an attribute's value, in the SDK's type.
type Value = types.AttributeValue

// Item is an item or a key.
type Item = map[string]types.AttributeValue

// TypeOf returns v's type descriptor: S N B BOOL NULL SS NS BS L M, or "".
func TypeOf(v Value) string {
	switch v.(type) {
	case *types.AttributeValueMemberS:
		return "S"
	case *types.AttributeValueMemberN:
		return "N"
	case *types.AttributeValueMemberB:
		return "B"
	case *types.AttributeValueMemberBOOL:
		return "BOOL"
	case *types.AttributeValueMemberNULL:
		return "NULL"
	case *types.AttributeValueMemberL:
		return "L"
	case *types.AttributeValueMemberM:
		return "M"
	}
	return setType(v)
}

func setType(v Value) string {
	switch v.(type) {
	case *types.AttributeValueMemberSS:
		return "SS"
	case *types.AttributeValueMemberNS:
		return "NS"
	case *types.AttributeValueMemberBS:
		return "BS"
	}
	return ""
}

// Compare orders two values of the types S, N or B; ok is false for others
// and for values of different types.
func Compare(a, b Value) (c int, ok bool) {
	switch a := a.(type) {
	case *types.AttributeValueMemberS:
		if b, same := b.(*types.AttributeValueMemberS); same {
			return cmp.Compare(a.Value, b.Value), true
		}
	case *types.AttributeValueMemberN:
		if b, same := b.(*types.AttributeValueMemberN); same {
			return compareNumbers(a.Value, b.Value), true
		}
	case *types.AttributeValueMemberB:
		if b, same := b.(*types.AttributeValueMemberB); same {
			return bytes.Compare(a.Value, b.Value), true
		}
	}
	return 0, false
}

// Equal says whether a and b have the same type and value; sets have no
// order.
func Equal(a, b Value) bool {
	if c, ok := Compare(a, b); ok {
		return c == 0
	}
	if a == nil || TypeOf(a) != TypeOf(b) {
		return false
	}
	switch a := a.(type) {
	case *types.AttributeValueMemberBOOL:
		return a.Value == b.(*types.AttributeValueMemberBOOL).Value
	case *types.AttributeValueMemberNULL:
		return true
	case *types.AttributeValueMemberL:
		return slices.EqualFunc(a.Value, b.(*types.AttributeValueMemberL).Value, Equal)
	case *types.AttributeValueMemberM:
		return equalMaps(a.Value, b.(*types.AttributeValueMemberM).Value)
	}
	if setType(a) == "" {
		return false
	}
	x, y := members(a), members(b)
	return len(x) == len(y) && !slices.ContainsFunc(x, func(v Value) bool { return !has(y, v) })
}

func equalMaps(a, b Item) bool {
	if len(a) != len(b) {
		return false
	}
	for k, v := range a {
		if !Equal(v, b[k]) {
			return false
		}
	}
	return true
}

// members returns the elements of a set, or of a list.
func members(v Value) []Value {
	var out []Value
	switch v := v.(type) {
	case *types.AttributeValueMemberSS:
		for _, s := range v.Value {
			out = append(out, &types.AttributeValueMemberS{Value: s})
		}
	case *types.AttributeValueMemberNS:
		for _, n := range v.Value {
			out = append(out, &types.AttributeValueMemberN{Value: n})
		}
	case *types.AttributeValueMemberBS:
		for _, b := range v.Value {
			out = append(out, &types.AttributeValueMemberB{Value: b})
		}
	case *types.AttributeValueMemberL:
		return v.Value
	}
	return out
}

// newSet is the reverse of members for the set type t.
func newSet(t string, vals []Value) Value {
	switch t {
	case "SS":
		s := &types.AttributeValueMemberSS{}
		for _, v := range vals {
			s.Value = append(s.Value, v.(*types.AttributeValueMemberS).Value)
		}
		return s
	case "NS":
		s := &types.AttributeValueMemberNS{}
		for _, v := range vals {
			s.Value = append(s.Value, v.(*types.AttributeValueMemberN).Value)
		}
		return s
	}
	s := &types.AttributeValueMemberBS{}
	for _, v := range vals {
		s.Value = append(s.Value, v.(*types.AttributeValueMemberB).Value)
	}
	return s
}

func has(set []Value, v Value) bool {
	return slices.ContainsFunc(set, func(x Value) bool { return Equal(x, v) })
}
