package constructs

import "github.com/aws/constructs-go/constructs/v10"

// GrantPostLineage allows sending lineage events to a domain of the account.
func GrantPostLineage(scope constructs.Construct, to Rights, domain string) {
	to.allow(statement(of("datazone", "PostLineageEvent"), []*string{arn(scope, "datazone", "domain/"+domain)}, nil))
}
