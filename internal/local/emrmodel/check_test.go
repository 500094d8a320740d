package emrmodel_test

import (
	"strings"
	"testing"

	"ephemr/internal/local/emrmodel"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const states = "Member must satisfy enum value set: [STARTING, BOOTSTRAPPING, RUNNING, WAITING, TERMINATING, TERMINATED, TERMINATED_WITH_ERRORS]"
	for name, tt := range map[string]struct{ op, body, want string }{
		"nothing":            {"ListClusters", "", "ok"},
		"null":               {"ListClusters", `{"Marker": null}`, "ok"},
		"epoch":              {"ListClusters", `{"CreatedAfter": 1.5e9}`, "ok"},
		"nested":             {"RunJobFlow", `{"Name": "n", "Instances": {"InstanceFleets": [{"InstanceFleetType": "MASTER"}]}}`, "ok"},
		"recursive":          {"RunJobFlow", `{"Name": "n", "Instances": {}, "Configurations": [{"Configurations": [{"Properties": {"a": "b"}}]}]}`, "ok"},
		"not JSON":           {"ListClusters", `{`, "serialization: "},
		"more than JSON":     {"ListClusters", `{}{}`, "serialization: "},
		"list for structure": {"ListClusters", `[]`, "serialization: Start of list found where not expected"},
		"string for number":  {"ModifyCluster", `{"ClusterId": "j-1", "StepConcurrencyLevel": "2"}`, "serialization: STRING_VALUE can not be converted to an Integer"},
		"fraction":           {"ModifyCluster", `{"ClusterId": "j-1", "StepConcurrencyLevel": 1.5}`, "serialization: NUMBER_VALUE can not be converted to an Integer"},
		"too large":          {"ModifyCluster", `{"ClusterId": "j-1", "StepConcurrencyLevel": 2147483648}`, "serialization: NUMBER_VALUE can not be converted to an Integer"},
		"number for string":  {"DescribeCluster", `{"ClusterId": 7}`, "serialization: NUMBER_VALUE can not be converted to a String"},
		"bool for string":    {"DescribeCluster", `{"ClusterId": true}`, "serialization: TRUE_VALUE can not be converted to a String"},
		"string for bool":    {"SetTerminationProtection", `{"JobFlowIds": ["j"], "TerminationProtected": "yes"}`, "serialization: STRING_VALUE can not be converted to a Boolean"},
		"structure for list": {"TerminateJobFlows", `{"JobFlowIds": {}}`, "serialization: Start of structure or map found where not expected."},
		"string for list":    {"TerminateJobFlows", `{"JobFlowIds": "j-1"}`, "serialization: Unexpected field type"},
		"in a map":           {"RunJobFlow", `{"Configurations": [{"Properties": {"a": 1}}]}`, "serialization: NUMBER_VALUE can not be converted to a String"},
		"another's member":   {"DescribeCluster", `{"ClusterId": "j-1", "StepId": "s-1"}`, "unknown: StepId"},
		"wrong case":         {"DescribeCluster", `{"clusterId": "j-1"}`, "unknown: clusterId"},
		"missing":            {"DescribeCluster", `{}`, "1 validation error detected: Value null at 'clusterId' failed to satisfy constraint: Member must not be null"},
		"two missing":        {"DescribeStep", `{}`, "2 validation errors detected: Value null at 'clusterId' failed to satisfy constraint: Member must not be null; Value null at 'stepId' failed to satisfy constraint: Member must not be null"},
		"missing in a list":  {"AddJobFlowSteps", `{"JobFlowId": "j-1", "Steps": [{"Name": "n", "HadoopJarStep": {}}]}`, "1 validation error detected: Value null at 'steps.1.member.hadoopJarStep.jar' failed to satisfy constraint: Member must not be null"},
		"enum":               {"CancelSteps", `{"ClusterId": "j", "StepIds": ["s"], "StepCancellationOption": "BEG"}`, "1 validation error detected: Value 'BEG' at 'stepCancellationOption' failed to satisfy constraint: Member must satisfy enum value set: [SEND_INTERRUPT, TERMINATE_PROCESS]"},
		"list of enums":      {"ListClusters", `{"ClusterStates": ["WAITING", "ASLEEP"]}`, "1 validation error detected: Value '[WAITING, ASLEEP]' at 'clusterStates' failed to satisfy constraint: Member must satisfy constraint: [" + states + "]"},
		"long":               {"ModifyInstanceFleet", `{"ClusterId": "` + strings.Repeat("j", 257) + `", "InstanceFleet": {"InstanceFleetId": "f"}}`, "1 validation error detected: Value '" + strings.Repeat("j", 257) + "' at 'clusterId' failed to satisfy constraint: Member must have length less than or equal to 256"},
		"small number":       {"ListReleaseLabels", `{"MaxResults": 0}`, "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		"not in XML":         {"CreateSecurityConfiguration", `{"Name": "a\u0000", "SecurityConfiguration": "{}"}`, "1 validation error detected: Value 'a\x00' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := text(emrmodel.Check(tt.op, []byte(tt.body))); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func text(err error) string {
	switch e := err.(type) { //nolint:errorlint // returned unwrapped
	case nil:
		return "ok"
	case *emrmodel.SerializationError:
		return "serialization: " + e.Text
	case *emrmodel.UnknownMemberError:
		return "unknown: " + e.Path
	default:
		return e.Error()
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	if all := emrmodel.Operations(); len(all) < 60 || !emrmodel.Has(all[0]) || emrmodel.Has("RunJobFlows") {
		t.Errorf("operations: %q", all)
	}
	if len(emrmodel.Enum("ScaleDownBehavior")) != 2 {
		t.Error("no enum ScaleDownBehavior")
	}
}
