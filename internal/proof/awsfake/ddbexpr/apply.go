package ddbexpr

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Apply returns item after the update and leaves item as it is. Every operand
// has its value from before the update. Check must have passed.
func (u *Update) Apply(item Item, env Env) (Item, error) {
	out, err := CopyItem(item)
	if err != nil {
		return nil, err
	}
	values := make([]Value, len(u.sets))
	for i, a := range u.sets {
		if values[i], err = a.from.value(item, env); err != nil {
			return nil, err
		}
	}
	for i, a := range u.sets {
		if err := put(out, a.to.resolve(env), values[i]); err != nil {
			return nil, err
		}
	}
	if err := u.applyRemoves(out, env); err != nil {
		return nil, err
	}
	for _, c := range u.adds {
		if err := c.add(out, env); err != nil {
			return nil, err
		}
	}
	for _, c := range u.deletes {
		if err := c.remove(out, env); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func badPath() error {
	return Invalid("The document path provided in the update expression is invalid for update")
}

// parent returns the map or list that holds p's last element.
func parent(item Item, p Path) (Value, error) {
	var v Value = &types.AttributeValueMemberM{Value: item}
	for _, e := range p[:len(p)-1] {
		if v = child(v, e); v == nil {
			return nil, badPath()
		}
	}
	_, isMap := v.(*types.AttributeValueMemberM)
	_, isList := v.(*types.AttributeValueMemberL)
	if last := p[len(p)-1]; last.name != "" && !isMap || last.name == "" && !isList {
		return nil, badPath()
	}
	return v, nil
}

func put(item Item, p Path, v Value) error {
	holder, err := parent(item, p)
	if err != nil {
		return err
	}
	last := p[len(p)-1]
	switch h := holder.(type) {
	case *types.AttributeValueMemberM:
		h.Value[last.name] = v
	case *types.AttributeValueMemberL:
		if last.index < len(h.Value) {
			h.Value[last.index] = v
		} else {
			h.Value = append(h.Value, v)
		}
	}
	return nil
}

// applyRemoves takes elements out of lists from behind, as indexes mean the
// list before the update.
func (u *Update) applyRemoves(item Item, env Env) error {
	paths := make([]Path, len(u.removes))
	for i, at := range u.removes {
		paths[i] = at.resolve(env)
	}
	slices.SortStableFunc(paths, func(a, b Path) int { return cmp.Compare(b[len(b)-1].index, a[len(a)-1].index) })
	for _, p := range paths {
		holder, err := parent(item, p)
		if err != nil {
			return err
		}
		last := p[len(p)-1]
		switch h := holder.(type) {
		case *types.AttributeValueMemberM:
			delete(h.Value, last.name)
		case *types.AttributeValueMemberL:
			if last.index < len(h.Value) {
				h.Value = slices.Delete(h.Value, last.index, last.index+1)
			}
		}
	}
	return nil
}

func (c setChange) add(item Item, env Env) error {
	name, by := env.name(c.at[0].name), env.Values[c.value]
	old := item[name]
	var sum Value
	var err error
	switch {
	case old == nil:
		sum, err = Copy(by)
	case TypeOf(old) != TypeOf(by):
		return wrongType()
	case TypeOf(by) == "N":
		sum, err = addNumbers(old, by, false)
	default:
		set := members(old)
		for _, v := range members(by) {
			if !has(set, v) {
				set = append(set, v)
			}
		}
		sum = newSet(TypeOf(old), set)
	}
	item[name] = sum
	return err
}

func (c setChange) remove(item Item, env Env) error {
	name, by := env.name(c.at[0].name), env.Values[c.value]
	old := item[name]
	if old == nil {
		return nil
	}
	if TypeOf(old) != TypeOf(by) {
		return wrongType()
	}
	gone := members(by)
	left := slices.DeleteFunc(members(old), func(v Value) bool { return has(gone, v) })
	if len(left) == 0 {
		delete(item, name)
		return nil
	}
	item[name] = newSet(TypeOf(old), left)
	return nil
}
