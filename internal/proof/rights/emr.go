package rights

import (
	"maps"
	"slices"

	"ephemr/internal/proof/iam"
)

// emr: a call for clusters that exist is evaluated with their tags.
func emr(p Place, operation string, in fields) (requests []iam.Request) {
	action := "elasticmapreduce:" + operation
	switch operation {
	case "RunJobFlow":
		return runJobFlow(p, in)
	case "ListClusters":
		return one(action, anything)
	}
	for _, id := range slices.Concat(in["ClusterId"], in["JobFlowId"], in["JobFlowIds"]) {
		r := iam.Request{Action: action, Resource: p.arn("elasticmapreduce", "cluster/"+id), Context: map[string][]string{}}
		for key, value := range p.ClusterTags(id) {
			r.Context["aws:ResourceTag/"+key] = []string{value}
		}
		if role := in.of("ExecutionRoleArn"); role != "" {
			r.Context["elasticmapreduce:ExecutionRoleArn"] = []string{role}
		}
		requests = append(requests, r)
	}
	return requests
}

// runJobFlow: the tags and the auto-termination policy need permissions on the new
// cluster. Whether IAM then sees the cluster with its tags is not documented, so
// both must be allowed.
func runJobFlow(p Place, in fields) []iam.Request {
	request := in.context()
	cluster := p.arn("elasticmapreduce", "cluster/j-NEW")
	tags, tagged := map[string][]string{}, maps.Clone(request)
	for i, key := range in["Tags.Key"] {
		tags["aws:ResourceTag/"+key] = []string{in["Tags.Value"][i]}
	}
	maps.Copy(tagged, tags)
	requests := []iam.Request{
		{Action: "elasticmapreduce:RunJobFlow", Resource: anything, Context: request},
		{Action: "elasticmapreduce:AddTags", Resource: cluster, Context: request},
		{Action: "elasticmapreduce:AddTags", Resource: cluster, Context: tagged},
		pass(p, in.of("ServiceRole"), "elasticmapreduce.amazonaws.com"),
		pass(p, in.of("JobFlowRole"), "ec2.amazonaws.com"),
	}
	if in["AutoTerminationPolicy.IdleTimeout"] != nil {
		requests = append(requests,
			iam.Request{Action: "elasticmapreduce:PutAutoTerminationPolicy", Resource: cluster},
			iam.Request{Action: "elasticmapreduce:PutAutoTerminationPolicy", Resource: cluster, Context: tags})
	}
	return requests
}
