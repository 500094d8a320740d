package localemr

// operationTable lists what localemr answers; every other operation is an
// UnknownOperationException.
func (s *Server) operationTable() map[string]operation {
	return map[string]operation{
		"RunJobFlow":                  op(s.runJobFlow),
		"DescribeCluster":             op(s.describeCluster),
		"ListClusters":                op(s.listClusters),
		"ModifyCluster":               op(s.modifyCluster),
		"TerminateJobFlows":           op(s.terminateJobFlows),
		"SetTerminationProtection":    op(s.setTerminationProtection),
		"AddJobFlowSteps":             op(s.addJobFlowSteps),
		"DescribeStep":                op(s.describeStep),
		"ListSteps":                   op(s.listSteps),
		"CancelSteps":                 op(s.cancelSteps),
		"ListInstances":               op(s.listInstances),
		"ListInstanceGroups":          op(s.listInstanceGroups),
		"ListInstanceFleets":          op(s.listInstanceFleets),
		"ModifyInstanceFleet":         op(s.modifyInstanceFleet),
		"AddInstanceFleet":            op(s.addInstanceFleet),
		"ListBootstrapActions":        op(s.listBootstrapActions),
		"AddTags":                     op(s.addTags),
		"RemoveTags":                  op(s.removeTags),
		"PutAutoTerminationPolicy":    op(s.putAutoTerminationPolicy),
		"GetAutoTerminationPolicy":    op(s.getAutoTerminationPolicy),
		"RemoveAutoTerminationPolicy": op(s.removeAutoTerminationPolicy),
		"PutManagedScalingPolicy":     op(s.putManagedScalingPolicy),
		"GetManagedScalingPolicy":     op(s.getManagedScalingPolicy),
		"RemoveManagedScalingPolicy":  op(s.removeManagedScalingPolicy),
	}
}
