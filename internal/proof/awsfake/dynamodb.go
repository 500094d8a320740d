package awsfake

import (
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"ephemr/internal/proof/awsfake/ddbexpr"
)

// Item is a DynamoDB item or key.
type Item = map[string]types.AttributeValue

// Table describes a table. PK and SK name the key attributes; SK may be "".
// Keys are strings unless the name ends in ":N" or ":B".
type Table struct {
	Name, PK, SK string
	Indexes      []Index
}

// Index describes a global secondary index. It projects all attributes unless
// KeysOnly is set or Include lists the non-key ones.
type Index struct {
	Name, PK, SK string
	KeysOnly     bool
	Include      []string
}

// DynamoDB is an in-memory DynamoDB. Unlike AWS's its indexes are consistent
// with the table, until DelayIndexes. Legacy parameters are refused.
type DynamoDB struct {
	Control

	mu         sync.Mutex
	tables     map[string]*table
	parsed     parsedExpressions
	tokens     map[string]transactToken
	leave      map[string]int
	reads      Reads
	indexDelay func() time.Duration
	onWrite    func(table string, old, now Item)
}

// NewDynamoDB returns a DynamoDB with empty tables.
func NewDynamoDB(tables ...Table) *DynamoDB {
	db := &DynamoDB{
		Control: newControl("DynamoDB"),
		tables:  map[string]*table{},
		parsed:  newParsedExpressions(),
		tokens:  map[string]transactToken{},
		leave:   map[string]int{},
	}
	for _, t := range tables {
		db.tables[t.Name] = newTable(t)
	}
	return db
}

// DelayIndexes makes writes appear in indexes up to most later, in order, as
// on AWS. The delays follow from seed.
func (db *DynamoDB) DelayIndexes(seed uint64, most time.Duration) {
	db.mu.Lock()
	defer db.mu.Unlock()
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a simulation must be repeatable
	db.indexDelay = func() time.Duration { return time.Duration(r.Int64N(int64(most) + 1)) }
}

// OnWrite makes the tables call f with each change of an item, nil for none.
// f is called under the lock and must not change the items.
func (db *DynamoDB) OnWrite(f func(table string, old, now Item)) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.onWrite = f
}

// LeaveUnprocessed makes the next BatchGetItem or BatchWriteItem return its last
// n keys or writes as unprocessed, as AWS does when it throttles.
func (db *DynamoDB) LeaveUnprocessed(op string, n int) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.leave[op] = n
}

// Items returns copies of all items of a table, in the order of a scan. It is
// not a call.
func (db *DynamoDB) Items(name string) []Item {
	db.mu.Lock()
	defer db.mu.Unlock()
	t, ok := db.tables[name]
	if !ok {
		return nil
	}
	out := []Item{}
	for _, r := range t.primary.all() {
		out = append(out, r.copy())
	}
	return out
}

func (db *DynamoDB) table(name *string) (*table, error) {
	if aws.ToString(name) == "" {
		return nil, ddbexpr.Invalid("1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null")
	}
	n := *name
	if i := strings.LastIndex(n, ":table/"); i >= 0 {
		n = n[i+len(":table/"):]
	}
	t, ok := db.tables[n]
	if !ok {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Requested resource not found")}
	}
	return t, nil
}

func refuseLegacy(given bool) error {
	if given {
		return ddbexpr.Invalid("legacy conditional parameters are not supported by this fake: use expressions")
	}
	return nil
}
