package constructs

// GrantMetrics lets to publish metrics under ephemr's namespace.
func GrantMetrics(to Rights) {
	// PutMetricData knows no resources:
	// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
	to.allow(statement(of("cloudwatch", "PutMetricData"), anything,
		conditions{"StringEquals": {"cloudwatch:namespace": "ephemr"}}))
}
