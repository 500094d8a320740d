package ddbexpr

import "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

// Projection is a parsed ProjectionExpression. It is safe for concurrent use.
type Projection struct {
	paths []path
	refs  refs
}

const projectionKind = "ProjectionExpression"

// ParseProjection parses a ProjectionExpression.
func ParseProjection(src string) (*Projection, error) {
	p, err := newParser(projectionKind, src)
	if err != nil {
		return nil, err
	}
	out := &Projection{}
	err = p.clauses(func() error {
		at, err := p.path()
		out.paths = append(out.paths, at)
		return err
	})
	if err != nil {
		return nil, err
	}
	out.refs = p.refs
	return out, p.end()
}

func (p *Projection) placeholders() *refs {
	if p == nil {
		return nil
	}
	return &p.refs
}

// Check refuses undefined names and overlapping paths.
func (p *Projection) Check(env Env) error {
	if p == nil {
		return nil
	}
	if err := p.refs.checkDefined(projectionKind, env); err != nil {
		return err
	}
	return checkOverlap(projectionKind, p.Paths(env))
}

// Paths returns what is projected, and nil for a nil projection.
func (p *Projection) Paths(env Env) []Path {
	if p == nil {
		return nil
	}
	out := make([]Path, len(p.paths))
	for i, at := range p.paths {
		out[i] = at.resolve(env)
	}
	return out
}

// Project returns the parts of item at paths. Values are shared with item;
// elements of lists close up.
func Project(item Item, paths []Path) Item {
	out := Item{}
	for _, p := range paths {
		v := path(p).get(item, Env{})
		if v == nil {
			continue
		}
		var holder Value = &types.AttributeValueMemberM{Value: out}
		for i, e := range p[:len(p)-1] {
			holder = descend(holder, e, p[i+1])
		}
		attach(holder, p[len(p)-1], v)
	}
	return out
}

// descend returns holder's child e, which it makes if need be as what can
// hold below. A list's elements are only ever added, so each path through an
// index gets its own.
func descend(holder Value, e, below elem) Value {
	if m, ok := holder.(*types.AttributeValueMemberM); ok {
		if c := m.Value[e.name]; c != nil {
			return c
		}
	}
	var c Value = &types.AttributeValueMemberM{Value: Item{}}
	if below.name == "" {
		c = &types.AttributeValueMemberL{}
	}
	attach(holder, e, c)
	return c
}

func attach(holder Value, e elem, v Value) {
	switch h := holder.(type) {
	case *types.AttributeValueMemberM:
		h.Value[e.name] = v
	case *types.AttributeValueMemberL:
		h.Value = append(h.Value, v)
	}
}
