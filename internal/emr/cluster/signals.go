package cluster

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/emr/types"

	"ephemr/internal/job"
)

// signal is a row of the table that turns EMR's words into a failure class: the
// first row whose every part matches decides.
type signal struct {
	code  types.ClusterStateChangeReasonCode // "" = any
	words *regexp.Regexp                     // in the message and the ErrorDetails, as normal writes them; nil = any
	class job.Class
	retry bool // the next fallback may succeed
}

// vague reports whether ErrorDetails may say more: only a general code was read.
func (s signal) vague() bool {
	return s.words == nil && (s.class == job.ClassLost || s.class == job.ClassInvalid)
}

// words matches texts of EMR and EC2, and ErrorDetails codes, in lower case and
// with spaces for underscores and hyphens.
func words(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// clusterSignals is read from the top.
//
// Sources: Amazon EMR Management Guide, "Error codes with ErrorDetail information",
// "Resource errors" and "Throttling errors"; Amazon EMR API Reference,
// ClusterStateChangeReason; Amazon EC2 API Reference, "Error codes".
var clusterSignals = []signal{
	{types.ClusterStateChangeReasonCodeUserRequest, nil, job.ClassCancelled, false},
	{types.ClusterStateChangeReasonCodeStepFailure, nil, job.ClassJob, false},

	// EC2 has no such instances, or no addresses for them.
	{"", words(`insufficient (\w+ ){0,3}capacity`), job.ClassCapacity, true},
	{"", words(`insufficient(reserved)?(instance|instances|host|volume)?capacity`), job.ClassCapacity, true},
	{"", words(`out of capacity|no (\w+ ){0,2}capacity`), job.ClassCapacity, true},
	{"", words(`(not|n't) (currently )?have (enough |sufficient )(\S+ ){0,4}capacity`), job.ClassCapacity, true},
	{"", words(`not enough (\w+ ){0,3}capacity|capacity (is )?not (currently )?available|capacity oversubscribed`), job.ClassCapacity, true},
	{"", words(`unfulfillablecapacity|unable to fulfill (\w+ ){0,2}capacity`), job.ClassCapacity, true},
	{"", words(`spot price (too low|increase)|price too low|spotmaxpricetoolow`), job.ClassCapacity, true},
	{"", words(`minimum required spot request fulfillment price`), job.ClassCapacity, true},
	{"", words(`instance type\S* (\S+ ){0,6}(not supported|unsupported|not available|not offered)`), job.ClassCapacity, true},
	{"", words(`(unsupported|not (supported|available|offered)) in (the|your) (requested|specified|selected) availability zone`), job.ClassCapacity, true},
	{"", words(`free (ip )?address|insufficientfreeaddressesinsubnet|subnet is not large enough`), job.ClassCapacity, true},
	{"", words(`(enough|insufficient|sufficient) (\w+ ){0,3}(ips|addresses)`), job.ClassCapacity, true},
	{types.ClusterStateChangeReasonCodeInstanceFleetTimeout, nil, job.ClassCapacity, true},

	// EC2 throttles EMR: the next attempt comes later.
	{"", words(`throttl|requestlimitexceeded|request limit exceeded|rate exceeded`), job.ClassQuota, true},

	{"", words(`quota`), job.ClassQuota, false},
	{"", words(`vcpu limit|vcpulimit|maximum number of vcpus|current (\w+ ){0,3}limit of`), job.ClassQuota, false},
	{"", words(`limit ?(was |is )?exceeded|limits? (was |were )?reached|exceeds? (\S+ ){0,4}limit|exceeded (\S+ ){0,4}limit`), job.ClassQuota, false},
	{"", words(`max spot instance count exceeded|maxspotinstancecountexceeded`), job.ClassQuota, false},

	{"", words(`access ?denied|not authorized|unauthorized|failed to authorize|authfailure`), job.ClassPermission, false},
	{"", words(`insufficient (\w+ ){0,2}permission|(not|n't) have (the )?(\w+ )?(permission|access)`), job.ClassPermission, false},
	{"", words(`(unable|failed|not able|cannot) to (be )?assume`), job.ClassPermission, false},

	{types.ClusterStateChangeReasonCodeBootstrapFailure, nil, job.ClassBootstrap, true},
	{"", words(`bootstrap failure`), job.ClassBootstrap, true},

	{types.ClusterStateChangeReasonCodeValidationError, nil, job.ClassInvalid, false},
	{"", words(`validation error`), job.ClassInvalid, false},

	{types.ClusterStateChangeReasonCodeInstanceFailure, nil, job.ClassLost, false},
	{types.ClusterStateChangeReasonCodeAllStepsCompleted, nil, job.ClassLost, false},
	{types.ClusterStateChangeReasonCodeInternalError, nil, job.ClassLost, false},
}

// read returns the first row that matches a code and words.
func read(code types.ClusterStateChangeReasonCode, text string) signal {
	text = normal(text)
	for _, row := range clusterSignals {
		if (row.code == "" || row.code == code) && (row.words == nil || row.words.MatchString(text)) {
			return row
		}
	}
	return signal{class: job.ClassLost}
}

var (
	separators = regexp.MustCompile(`[\s_-]+`)
	addresses  = regexp.MustCompile(`(?:arn:|s3://)\S+`) // contain names, which may be words of the table
)

func normal(text string) string {
	return separators.ReplaceAllString(addresses.ReplaceAllString(strings.ToLower(text), "…"), " ")
}
