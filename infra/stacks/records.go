package stacks

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"ephemr/infra/config"
	"ephemr/infra/constructs"
)

// addTables adds the tables of runs, pipelines, clusters and objects.
func (p *Platform) addTables(stack awscdk.Stack) {
	p.runs = constructs.NewTable(stack, "Runs", constructs.TableProps{
		Stage: p.stage, Name: "runs", SortKey: true, Expires: true,
		Indexes: []constructs.Index{
			{Name: byState, PartitionKey: "gsState", SortKey: "gsOrder"},       // admission
			{Name: byPipeline, PartitionKey: "gpPipeline", SortKey: "gpOrder"}, // history, missed dates
		},
	})
	p.pipelines = constructs.NewTable(stack, "Pipelines", constructs.TableProps{
		Stage: p.stage, Name: "pipelines", SortKey: true,
		Indexes: []constructs.Index{{Name: byDue, PartitionKey: "gdDue", SortKey: "gdOrder"}}, // calendar
	})
	p.clusters = constructs.NewTable(stack, "Clusters", constructs.TableProps{Stage: p.stage, Name: "clusters", Expires: true})
	p.ledger = constructs.NewTable(stack, "Ledger", constructs.TableProps{
		Stage: p.stage, Name: "ledger", SortKey: true, Expires: true,
		Indexes: []constructs.Index{{Name: byClosing, PartitionKey: "gcState", SortKey: "gcOrder"}}, // batches to close
	})
}

// The indexes of the tables runs, pipelines and ledger.
const (
	byState    = "byState"
	byPipeline = "byPipeline"
	byDue      = "byDue"
	byClosing  = "byClosing"
)

// addQueues adds the queues that intake reads, and allows the rules of the
// triggers' stack to send to them.
func (p *Platform) addQueues(stack awscdk.Stack) {
	timeout := config.FunctionNamed("Intake").Timeout
	p.events = constructs.NewQueue(stack, "Events", constructs.QueueProps{Stage: p.stage, Alarms: p.alarms, Name: "events", Timeout: timeout})
	p.requests = constructs.NewQueue(stack, "Requests", constructs.QueueProps{Stage: p.stage, Alarms: p.alarms, Name: "requests", Timeout: timeout})
	rules := []string{p.stage.BatchTickRule(), p.stage.Bus() + "/" + p.stage.SucceededRule()}
	for _, zone := range p.stage.EventZones() {
		rules = append(rules, p.stage.ObjectsRule(zone))
	}
	for _, source := range p.stage.Sources {
		rules = append(rules, p.stage.SourceRule(source))
	}
	for _, rule := range rules {
		arn := p.stage.RuleARN(stack, rule)
		p.events.Accept(arn)
		p.targets.Accept(arn)
	}
}

// shapes are the stage's cluster profiles as JSON, by name.
func shapes(stage constructs.Stage) map[string]string {
	values := map[string]string{}
	for _, name := range stage.ShapeNames() {
		values[name] = encode(stage.Shapes[name])
	}
	return values
}

// encode marshals values of a validated configuration.
func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return string(data)
}
