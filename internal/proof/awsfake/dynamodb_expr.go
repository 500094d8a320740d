package awsfake

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

// parsedExpressions caches parsed expressions: programs use few, often.
type parsedExpressions struct {
	conditions  map[[2]string]*ddbexpr.Condition
	updates     map[string]*ddbexpr.Update
	projections map[string]*ddbexpr.Projection
}

func newParsedExpressions() parsedExpressions {
	return parsedExpressions{
		conditions:  map[[2]string]*ddbexpr.Condition{},
		updates:     map[string]*ddbexpr.Update{},
		projections: map[string]*ddbexpr.Projection{},
	}
}

// cached returns m[key], which it first fills with parse(*src). A nil src
// gives a nil expression.
func cached[K comparable, V any](m map[K]*V, key K, src *string, parse func(string) (*V, error)) (*V, error) {
	if src == nil {
		return nil, nil //nolint:nilnil // no expression is an expression here
	}
	if v, ok := m[key]; ok {
		return v, nil
	}
	v, err := parse(*src)
	if err == nil {
		m[key] = v
	}
	return v, err
}

func (p parsedExpressions) condition(kind string, src *string) (*ddbexpr.Condition, error) {
	parse := func(s string) (*ddbexpr.Condition, error) { return ddbexpr.ParseCondition(kind, s) }
	return cached(p.conditions, [2]string{kind, deref(src)}, src, parse)
}

func (p parsedExpressions) update(src *string) (*ddbexpr.Update, error) {
	return cached(p.updates, deref(src), src, ddbexpr.ParseUpdate)
}

func (p parsedExpressions) projection(src *string) (*ddbexpr.Projection, error) {
	return cached(p.projections, deref(src), src, ddbexpr.ParseProjection)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// newEnv validates and copies the placeholders of a request; any says
// whether the request has an expression.
func newEnv(names map[string]string, values Item, anyExpr bool) (ddbexpr.Env, error) {
	if err := checkPlaceholders("ExpressionAttributeNames", names, "#", anyExpr); err != nil {
		return ddbexpr.Env{}, err
	}
	if err := checkPlaceholders("ExpressionAttributeValues", values, ":", anyExpr); err != nil {
		return ddbexpr.Env{}, err
	}
	env := ddbexpr.Env{Names: names, Values: make(Item, len(values))}
	for k, v := range values {
		c, err := ddbexpr.Copy(v)
		if err != nil {
			return env, ddbexpr.Invalid("ExpressionAttributeValues contains invalid value: %s for key %s", messageOf(err), k)
		}
		env.Values[k] = c
	}
	return env, nil
}

func checkPlaceholders[V any](what string, m map[string]V, prefix string, anyExpr bool) error {
	if m == nil {
		return nil
	}
	if !anyExpr {
		return ddbexpr.Invalid("%s can only be specified when using expressions", what)
	}
	if len(m) == 0 {
		return ddbexpr.Invalid("%s must not be empty", what)
	}
	for k := range m {
		if !strings.HasPrefix(k, prefix) || len(k) == 1 {
			return ddbexpr.Invalid("%s contains invalid key: Syntax error; key: %q", what, k)
		}
	}
	return nil
}

func messageOf(err error) string {
	if api, ok := asAPIError(err); ok {
		return api.ErrorMessage()
	}
	return err.Error()
}

func failedCondition(old *record, onFailure types.ReturnValuesOnConditionCheckFailure) error {
	msg := "The conditional request failed"
	e := &types.ConditionalCheckFailedException{Message: &msg}
	if onFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
		e.Item = old.copy()
	}
	return e
}
