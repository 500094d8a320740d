package constructs

// GrantPostLineage allows sending lineage events to domains of DataZone. PostLineageEvent does not support resources;
// a domain takes events of its members only:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondatazone.html
func GrantPostLineage(to Rights) {
	to.allow(statement(of("datazone", "PostLineageEvent"), anything, nil))
}
