package awsfake

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

const maxItem = 400 << 10

type writeKind int

const (
	putWrite writeKind = iota
	updateWrite
	deleteWrite
	checkWrite
)

// writeOp is what PutItem, UpdateItem, DeleteItem and the members of a
// transaction have in common.
type writeOp struct {
	kind              writeKind
	table             *string
	item              Item // the item to put, or the key
	update, condition *string
	names             map[string]string
	values            Item
	onFailure         types.ReturnValuesOnConditionCheckFailure
}

// change is a write that has passed all checks.
type change struct {
	table   *table
	id      string
	old     *record
	now     *record
	touched []ddbexpr.Path
}

// plan checks a write against the table as it is, without changing it. With
// an error that depends on what is stored, the change has its table.
func (db *DynamoDB) plan(op writeOp) (change, error) {
	t, err := db.table(op.table)
	if err != nil {
		return change{}, err
	}
	item, err := t.checkWrite(op)
	if err != nil {
		return change{}, err
	}
	cond, update, env, err := db.expressions(op)
	if err != nil {
		return change{}, err
	}
	if err := t.checkTouched(update, env); err != nil {
		return change{}, err
	}
	c := change{table: t, id: t.id(item)}
	c.old = t.records[c.id]
	if !cond.Holds(c.old.fields(), env) {
		return c, failedCondition(c.old, op.onFailure)
	}
	err = c.compute(op.kind, item, update, env)
	return c, err
}

// compute sets the item after the write.
func (c *change) compute(kind writeKind, item Item, update *ddbexpr.Update, env ddbexpr.Env) (err error) {
	switch kind {
	case deleteWrite:
		return nil
	case checkWrite:
		c.now = c.old
		return nil
	case putWrite:
		c.now = newRecord(c.id, item)
	case updateWrite:
		if c.now, c.touched, err = c.updated(item, update, env); err != nil {
			return err
		}
	}
	return c.table.checkStored(c.now, kind)
}

func (t *table) checkWrite(op writeOp) (Item, error) {
	item, err := ddbexpr.CopyItem(op.item)
	if err != nil {
		return nil, err
	}
	if op.kind == putWrite {
		return item, t.checkItemKeys(item)
	}
	return item, t.checkKey(item)
}

func (db *DynamoDB) expressions(op writeOp) (*ddbexpr.Condition, *ddbexpr.Update, ddbexpr.Env, error) {
	env, err := newEnv(op.names, op.values, op.condition != nil || op.update != nil)
	if err != nil {
		return nil, nil, env, err
	}
	cond, err := db.parsed.condition("ConditionExpression", op.condition)
	if err != nil {
		return nil, nil, env, err
	}
	update, err := db.parsed.update(op.update)
	if err != nil {
		return nil, nil, env, err
	}
	if err := cond.Check(env); err != nil {
		return nil, nil, env, err
	}
	if update != nil {
		if err := update.Check(env); err != nil {
			return nil, nil, env, err
		}
	}
	return cond, update, env, ddbexpr.CheckUsed(env, cond, update)
}

// checkTouched refuses updates of the primary key.
func (t *table) checkTouched(update *ddbexpr.Update, env ddbexpr.Env) error {
	if update == nil {
		return nil
	}
	for _, p := range update.Paths(env) {
		for _, k := range t.keys() {
			if p.Attribute() == k.name {
				return ddbexpr.Invalid("One or more parameter values were invalid: Cannot update attribute %s. This attribute is part of the key", k.name)
			}
		}
	}
	return nil
}

func (c change) updated(key Item, update *ddbexpr.Update, env ddbexpr.Env) (*record, []ddbexpr.Path, error) {
	before := c.old.fields()
	if before == nil {
		before = key
	}
	if update == nil {
		return newRecord(c.id, before), nil, nil
	}
	after, err := update.Apply(before, env)
	if err != nil {
		return nil, nil, err
	}
	return newRecord(c.id, after), update.Paths(env), nil
}

func (t *table) checkStored(r *record, kind writeKind) error {
	if r.size > maxItem && kind == updateWrite {
		return ddbexpr.Invalid("Item size to update has exceeded the maximum allowed size")
	}
	if r.size > maxItem {
		return ddbexpr.Invalid("Item size has exceeded the maximum allowed size")
	}
	return t.checkIndexKeys(r.item)
}

func (c change) apply(db *DynamoDB) {
	if c.old != c.now {
		c.table.replace(c.old, c.now, db.indexDelay)
		if db.onWrite != nil {
			db.onWrite(c.table.name, c.old.fields(), c.now.fields())
		}
	}
}

// fields returns the item, or nil where there is none.
func (r *record) fields() Item {
	if r == nil {
		return nil
	}
	return r.item
}
