package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	ddb "github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/constructs-go/constructs/v10"
)

// TableProps configures a Table. Keys and index keys are strings.
type TableProps struct {
	Stage   Stage
	Name    string // without the stage's prefix
	SortKey bool   // items have pk and sk, not only pk
	Expires bool   // items have a ttl, in seconds since 1970
	Indexes []Index
}

// Index is a global secondary index of whole items.
type Index struct{ Name, PartitionKey, SortKey string }

// Table has on-demand capacity and point-in-time recovery for 35 days.
type Table struct{ resource ddb.Table }

// NewTable adds a table.
func NewTable(scope constructs.Construct, id string, props TableProps) *Table {
	table := &ddb.TableProps{
		TableName:    new(props.Stage.Name(props.Name)),
		PartitionKey: key("pk"),
		BillingMode:  ddb.BillingMode_PAY_PER_REQUEST,
		PointInTimeRecoverySpecification: &ddb.PointInTimeRecoverySpecification{
			PointInTimeRecoveryEnabled: new(true),
		},
		// No deletion protection: with it CloudFormation cannot roll back the first
		// creation of the stack, which then needs cleaning by hand (ADR 30).
		RemovalPolicy: props.Stage.removal(),
	}
	if props.SortKey {
		table.SortKey = key("sk")
	}
	if props.Expires {
		table.TimeToLiveAttribute = new("ttl")
	}
	resource := ddb.NewTable(scope, &id, table)
	for _, index := range props.Indexes {
		resource.AddGlobalSecondaryIndex(&ddb.GlobalSecondaryIndexProps{
			IndexName:      &index.Name,
			PartitionKey:   key(index.PartitionKey),
			SortKey:        key(index.SortKey),
			ProjectionType: ddb.ProjectionType_ALL,
		})
	}
	return &Table{resource: resource}
}

// Name is the table's name.
func (t *Table) Name() *string { return t.resource.TableName() }

// Grant allows actions on items: Grant(fn, "GetItem", "PutItem"). A transaction
// requires the actions of its parts.
func (t *Table) Grant(to Rights, actions ...string) {
	to.allow(statement(of("dynamodb", actions...), []*string{t.resource.TableArn()}, nil))
}

// GrantIndex allows querying indexes.
func (t *Table) GrantIndex(to Rights, indexes ...string) {
	var arns []*string
	for _, index := range indexes {
		arns = append(arns, awscdk.Fn_Join(new("/index/"), &[]*string{t.resource.TableArn(), &index}))
	}
	to.allow(statement(of("dynamodb", "Query"), arns, nil))
}

func key(name string) *ddb.Attribute {
	return &ddb.Attribute{Name: &name, Type: ddb.AttributeType_STRING}
}
