package constructs

import (
	sd "github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"
	"github.com/aws/constructs-go/constructs/v10"
)

// Namespace is the Cloud Map namespace in which the stage's ready clusters are
// registered. Functions create its services; each has the tag ephemr:stage, and a
// stage has access to its own services only.
type Namespace struct {
	stage    Stage
	resource sd.HttpNamespace
	services []*string
}

// NewNamespace adds a namespace that is queried by API calls, not by DNS.
func NewNamespace(scope constructs.Construct, id string, stage Stage) *Namespace {
	return &Namespace{
		stage: stage,
		resource: sd.NewHttpNamespace(scope, &id, &sd.HttpNamespaceProps{
			Name: new(stage.NamespaceName()), Description: new("Ready clusters of stage " + stage.Stage),
		}),
		services: []*string{arn(scope, "servicediscovery", "service/*")},
	}
}

// ID is the namespace's id.
func (n *Namespace) ID() *string { return n.resource.NamespaceId() }

// Condition keys and resource types:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudmap.html

// GrantRegister allows registering clusters in the namespace, and creating services
// for them.
func (n *Namespace) GrantRegister(to Rights) {
	marked := map[string]any{"aws:RequestTag/" + n.tag(): n.stage.Stage}
	inside := conditions{"StringEquals": {"aws:RequestTag/" + n.tag(): n.stage.Stage, "servicediscovery:NamespaceArn": n.resource.NamespaceArn()}}
	if n.stage.CoarseRights { // the emulator does not evaluate this condition key
		inside = conditions{"StringEquals": marked}
	}
	to.allow(statement(of("servicediscovery", "CreateService"), append([]*string{n.resource.NamespaceArn()}, n.services...), inside))
	// CreateService with tags needs TagResource, which does not support resources.
	to.allow(statement(of("servicediscovery", "TagResource"), anything,
		conditions{"StringEquals": marked, "ForAllValues:StringEquals": {"aws:TagKeys": []string{n.tag()}}}))
	n.own(to, "RegisterInstance", "DeregisterInstance") // a registration that arrives too late is removed again
}

// GrantRemove allows deregistering clusters.
func (n *Namespace) GrantRemove(to Rights) { n.own(to, "DeregisterInstance") }

// GrantTidy allows listing everything in the namespace, and deleting services.
func (n *Namespace) GrantTidy(to Rights) {
	// ListServices does not support resources.
	to.allow(statement(of("servicediscovery", "ListServices"), anything, nil))
	n.own(to, "ListInstances", "DeleteService")
}

// own allows actions on the stage's services.
func (n *Namespace) own(to Rights, actions ...string) {
	own := conditions{"StringEquals": {"aws:ResourceTag/" + n.tag(): n.stage.Stage}}
	if n.stage.CoarseRights { // the emulator does not evaluate tags of services
		own = nil
	}
	to.allow(statement(of("servicediscovery", actions...), n.services, own))
}

func (n *Namespace) tag() string { return "ephemr:stage" }
