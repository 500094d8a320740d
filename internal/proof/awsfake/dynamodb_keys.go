package awsfake

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

// keyAttr is a key attribute; its name is "" where there is no sort key.
type keyAttr struct{ name, typ string }

func parseKey(s string) keyAttr {
	name, typ, ok := strings.Cut(s, ":")
	if !ok {
		typ = "S"
	}
	return keyAttr{name, typ}
}

const (
	maxPartitionKey = 2048
	maxSortKey      = 1024
)

// keyText writes a key value as a map key.
func keyText(v types.AttributeValue) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return v.Value
	case *types.AttributeValueMemberN:
		return v.Value
	case *types.AttributeValueMemberB:
		return string(v.Value)
	}
	return ""
}

func (t *table) keys() []keyAttr { return t.primary.keys() }

func (t *tree) keys() []keyAttr {
	if t.sk.name == "" {
		return []keyAttr{t.pk}
	}
	return []keyAttr{t.pk, t.sk}
}

func (t *table) id(item Item) string {
	id := keyText(item[t.primary.pk.name])
	if sk := t.primary.sk.name; sk != "" {
		id += "\x00" + keyText(item[sk])
	}
	return id
}

// checkItemKeys validates the keys of an item to be put.
func (t *table) checkItemKeys(item Item) error {
	for _, k := range t.keys() {
		v, ok := item[k.name]
		if !ok {
			return ddbexpr.Invalid("One or more parameter values were invalid: Missing the key %s in the item", k.name)
		}
		if got := ddbexpr.TypeOf(v); got != k.typ {
			return ddbexpr.Invalid("One or more parameter values were invalid: Type mismatch for key %s expected: %s actual: %s", k.name, k.typ, got)
		}
	}
	return t.checkKeySizes(item)
}

// checkKey validates the Key of a request.
func (t *table) checkKey(key Item) error {
	if len(key) != len(t.keys()) {
		return ddbexpr.Invalid("The provided key element does not match the schema")
	}
	for _, k := range t.keys() {
		if ddbexpr.TypeOf(key[k.name]) != k.typ {
			return ddbexpr.Invalid("The provided key element does not match the schema")
		}
	}
	return t.checkKeySizes(key)
}

func (t *table) checkKeySizes(item Item) error {
	for _, k := range t.keys() {
		if keyText(item[k.name]) == "" {
			return ddbexpr.Invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s",
				map[string]string{"S": "string", "B": "binary"}[k.typ], k.name)
		}
	}
	if len(keyText(item[t.primary.pk.name])) > maxPartitionKey {
		return ddbexpr.Invalid("One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes")
	}
	if sk := t.primary.sk.name; sk != "" && len(keyText(item[sk])) > maxSortKey {
		return ddbexpr.Invalid("One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

// checkIndexKeys validates the attributes of a new item that are keys of an
// index; they may be missing.
func (t *table) checkIndexKeys(item Item) error {
	for _, i := range t.indexes {
		for _, k := range i.keys() {
			v, ok := item[k.name]
			if !ok {
				continue
			}
			if got := ddbexpr.TypeOf(v); got != k.typ {
				return ddbexpr.Invalid("One or more parameter values were invalid: Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", k.name, k.typ, got, i.spec.Name)
			}
			if keyText(v) == "" {
				return ddbexpr.Invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. "+
					"The AttributeValue for a key attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s", i.spec.Name, k.name)
			}
		}
	}
	return nil
}
