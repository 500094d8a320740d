package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// addTable adds the table of the stream's objects to the stage's database. Athena computes its partitions, so that
// none has to be added; values of keys are not known, and a query must name them.
// Source: Amazon Athena User Guide, "Use partition projection with Amazon Athena" and "Supported types for partition projection".
func (s *Stream) addTable(scope constructs.Construct) awsglue.CfnTable {
	location := "s3://" + *s.props.Zone.name + "/" + s.props.Name + "/"
	columns := []any{}
	for _, c := range s.config.Columns {
		columns = append(columns, &awsglue.CfnTable_ColumnProperty{Name: &c.Name, Type: &c.Type})
	}
	parameters := map[string]any{
		"classification": "parquet", "EXTERNAL": "TRUE", "projection.enabled": "true",
		"projection.dt.type": "date", "projection.dt.format": "yyyy-MM-dd", "projection.dt.range": "NOW-3YEARS,NOW",
	}
	template, partitions := location, []any{}
	for _, name := range s.config.Partitions() {
		template += name + "=${" + name + "}/"
		partitions = append(partitions, &awsglue.CfnTable_ColumnProperty{Name: &name, Type: new("string")})
		switch name {
		case config.DayPartition:
		case config.HourPartition:
			parameters["projection.hour.type"], parameters["projection.hour.range"], parameters["projection.hour.digits"] = "integer", "0,23", "2"
		default:
			parameters["projection."+name+".type"] = "injected"
		}
	}
	parameters["storage.location.template"] = template
	table := awsglue.NewCfnTable(scope, new("Table"), &awsglue.CfnTableProps{
		CatalogId: account(scope), DatabaseName: new(s.props.Stage.Database()),
		TableInput: &awsglue.CfnTable_TableInputProperty{
			Name: &s.props.Name, Description: new("Records of stream " + s.props.Name), TableType: new("EXTERNAL_TABLE"),
			Parameters: parameters, PartitionKeys: &partitions,
			StorageDescriptor: &awsglue.CfnTable_StorageDescriptorProperty{
				Columns: &columns, Location: &location,
				InputFormat:  new("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
				OutputFormat: new("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"),
				SerdeInfo:    &awsglue.CfnTable_SerdeInfoProperty{SerializationLibrary: new("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")},
			},
		},
	})
	table.ApplyRemovalPolicy(s.props.Stage.removal(), &awscdk.RemovalPolicyOptions{})
	return table
}
