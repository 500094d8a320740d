package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// NewPutPolicy adds the policy with which members and programs of a team put records into streams. It is not attached to
// any principal; the account's administrator does that.
func NewPutPolicy(scope constructs.Construct, id string, s Stage, team string, streams []*Stream) {
	to := policyRights{awsiam.NewManagedPolicy(scope, &id, &awsiam.ManagedPolicyProps{
		ManagedPolicyName: s.globalName(scope, "put-"+team),
		// A change would replace the policy, which CloudFormation refuses as it has a fixed name.
		Description: new("Put records into streams of stage " + s.Stage + ", as team " + team),
	})}
	for _, stream := range streams {
		stream.GrantPut(to)
	}
}
