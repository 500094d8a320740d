package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// NewDatabase adds the lake's Glue database, ephemr_<stage>.
func NewDatabase(scope constructs.Construct, id string, stage Stage) awsglue.CfnDatabase {
	return addDatabase(scope, id, stage, &awsglue.CfnDatabase_DatabaseInputProperty{
		Name:        new(stage.Database()),
		Description: new("Tables of the " + stage.Stage + " lake"),
	})
}

// NewZoneDatabase adds the Glue database of a zone, ephemr_<stage>_<zone>. Tables that are created without a location
// are in the zone's bucket.
func NewZoneDatabase(scope constructs.Construct, id string, stage Stage, zone string, bucket *Bucket) awsglue.CfnDatabase {
	name, _ := stage.DatabaseOf(zone)
	return addDatabase(scope, id, stage, &awsglue.CfnDatabase_DatabaseInputProperty{
		Name:        &name,
		Description: new("Tables of zone " + zone + " of the " + stage.Stage + " lake"),
		LocationUri: new("s3://" + *bucket.name + "/" + config.TablesPrefix),
	})
}

func addDatabase(scope constructs.Construct, id string, stage Stage, input *awsglue.CfnDatabase_DatabaseInputProperty) awsglue.CfnDatabase {
	database := awsglue.NewCfnDatabase(scope, &id, &awsglue.CfnDatabaseProps{CatalogId: account(scope), DatabaseInput: input})
	database.ApplyRemovalPolicy(stage.removal(), &awscdk.RemovalPolicyOptions{})
	return database
}
