package ddbexpr

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const maxDepth = 32

// CopyItem returns a deep copy of item as DynamoDB would store it, or the
// ValidationException of the first value that it would not store.
func CopyItem(item Item) (Item, error) { return copyMap(item, 0) }

func copyMap(item Item, depth int) (Item, error) {
	out := make(Item, len(item))
	for k, v := range item {
		c, err := copyValue(v, depth)
		if err != nil {
			return nil, err
		}
		out[k] = c
	}
	return out, nil
}

// Copy is CopyItem for one value.
func Copy(v Value) (Value, error) { return copyValue(v, 0) }

func copyValue(v Value, depth int) (Value, error) {
	if depth > maxDepth {
		return nil, Invalid("Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit")
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return &types.AttributeValueMemberS{Value: v.Value}, nil
	case *types.AttributeValueMemberN:
		return copyNumber(v)
	case *types.AttributeValueMemberB:
		return &types.AttributeValueMemberB{Value: slices.Clone(v.Value)}, nil
	case *types.AttributeValueMemberBOOL:
		return &types.AttributeValueMemberBOOL{Value: v.Value}, nil
	case *types.AttributeValueMemberNULL:
		if !v.Value {
			return nil, Invalid("One or more parameter values were invalid: Null attribute value types must have the value of true")
		}
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case *types.AttributeValueMemberL:
		l, err := copyList(v.Value, depth+1)
		return &types.AttributeValueMemberL{Value: l}, err
	case *types.AttributeValueMemberM:
		m, err := copyMap(v.Value, depth+1)
		return &types.AttributeValueMemberM{Value: m}, err
	}
	return copySet(v)
}

func copyList(list []Value, depth int) ([]Value, error) {
	out := make([]Value, len(list))
	for i, e := range list {
		c, err := copyValue(e, depth)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func copyNumber(v *types.AttributeValueMemberN) (Value, error) {
	if n := len(v.Value); n > 0 && n < 18 && span(v.Value, isDigit) == n && (v.Value[0] != '0' || n == 1) {
		return &types.AttributeValueMemberN{Value: v.Value}, nil
	}
	n, err := ParseNumber(v.Value)
	if err != nil {
		return nil, err
	}
	return &types.AttributeValueMemberN{Value: n.String()}, nil
}

func copySet(v Value) (Value, error) {
	t := setType(v)
	if t == "" {
		return nil, Invalid("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes")
	}
	in := members(v)
	if len(in) == 0 {
		kind := map[string]string{"SS": "string", "NS": "number", "BS": "binary"}[t]
		return nil, Invalid("One or more parameter values were invalid: An %s set  may not be empty", kind)
	}
	out := make([]Value, 0, len(in))
	seen := make(map[string]bool, len(in))
	for _, e := range in {
		c, err := copyValue(e, 0)
		if err != nil {
			return nil, err
		}
		if seen[text(c)] {
			return nil, Invalid("One or more parameter values were invalid: Input collection [%s] contains duplicates.", strings.Join(texts(in), ", "))
		}
		seen[text(c)] = true
		out = append(out, c)
	}
	return newSet(t, out), nil
}

func texts(vals []Value) []string {
	var out []string
	for _, v := range vals {
		out = append(out, text(v))
	}
	return out
}

func text(v Value) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	}
	return TypeOf(v)
}

// Size returns the bytes that DynamoDB counts for an item: names and values.
func Size(item Item) int {
	n := 0
	for k, v := range item {
		n += len(k) + sizeOf(v)
	}
	return n
}

func sizeOf(v Value) int {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return len(v.Value)
	case *types.AttributeValueMemberB:
		return len(v.Value)
	case *types.AttributeValueMemberN:
		return (len(v.Value)+1)/2 + 1
	case *types.AttributeValueMemberM:
		return 3 + len(v.Value) + Size(v.Value)
	case *types.AttributeValueMemberL:
		n := 3 + len(v.Value)
		for _, e := range v.Value {
			n += sizeOf(e)
		}
		return n
	}
	n := 0
	for _, e := range members(v) {
		n += sizeOf(e)
	}
	return max(n, 1) // BOOL and NULL
}

// Write writes v to b so that equal values have equal texts.
func Write(b *strings.Builder, v Value) {
	b.WriteString(TypeOf(v))
	switch v := v.(type) {
	case *types.AttributeValueMemberBOOL:
		b.WriteString(strconv.FormatBool(v.Value))
	case *types.AttributeValueMemberM:
		for _, k := range keysOf(v.Value) {
			b.WriteString(strconv.Quote(k))
			Write(b, v.Value[k])
		}
	default:
		if m := members(v); m != nil {
			for _, e := range m {
				Write(b, e)
			}
			return
		}
		b.WriteString(strconv.Quote(text(v)))
	}
}
