package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/constructs-go/constructs/v10"
)

// NewDatabase adds the lake's Glue database, ephemr_<stage>.
func NewDatabase(scope constructs.Construct, id string, stage Stage) {
	database := awsglue.NewCfnDatabase(scope, &id, &awsglue.CfnDatabaseProps{
		CatalogId: account(scope),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{
			Name:        new(stage.Database()),
			Description: new("Tables of the " + stage.Stage + " lake"),
		},
	})
	database.ApplyRemovalPolicy(stage.removal(), &awscdk.RemovalPolicyOptions{})
}
