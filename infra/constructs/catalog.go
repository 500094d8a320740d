package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslakeformation"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// grantTables allows access to tables of a Glue database: one, those with a
// prefix, or all. Hive and Spark always look up the database "default" too.
func grantTables(scope constructs.Construct, to Rights, database, table string, write bool) {
	glue := func(resource string) *string { return arn(scope, "glue", resource) }
	to.allow(statement(of("glue", "GetDatabase", "GetDatabases", "GetUserDefinedFunction", "GetUserDefinedFunctions"), []*string{
		glue("catalog"), glue("database/default"), glue("database/" + database), glue("userDefinedFunction/" + database + "/*"),
	}, nil))
	actions := []string{"GetTable", "GetTables", "GetPartition", "GetPartitions", "BatchGetPartition"}
	if write {
		actions = append(actions, "CreateTable", "UpdateTable", "DeleteTable",
			"CreatePartition", "BatchCreatePartition", "UpdatePartition", "DeletePartition", "BatchDeletePartition")
	}
	to.allow(statement(of("glue", actions...), []*string{glue("catalog"), glue("database/" + database), glue("table/" + database + "/" + table)}, nil))
}

// grantInLakeFormation grants a user's tables in Lake Formation, too. The deploying
// role must be an administrator of the data lake, and the tables must exist.
func grantInLakeFormation(scope constructs.Construct, user string, role awsiam.Role, tables map[string]config.Right) {
	grant := func(id string, resource *awslakeformation.CfnPrincipalPermissions_ResourceProperty, permissions ...string) {
		awslakeformation.NewCfnPrincipalPermissions(scope, &id, &awslakeformation.CfnPrincipalPermissionsProps{
			Principal:   &awslakeformation.CfnPrincipalPermissions_DataLakePrincipalProperty{DataLakePrincipalIdentifier: role.RoleArn()},
			Permissions: pointers(permissions), PermissionsWithGrantOption: &[]*string{},
			Resource: resource,
		})
	}
	creates := map[string]bool{} // database -> whether tables may be created in it
	for _, key := range sortedKeys(tables) {
		database, name := config.Table(key)
		creates[database] = creates[database] || name == "*" && tables[key] == config.Write
		table := &awslakeformation.CfnPrincipalPermissions_TableResourceProperty{CatalogId: account(scope), DatabaseName: &database}
		if name == "*" {
			table.TableWildcard = map[string]any{}
		} else {
			table.Name = &name
		}
		permissions := []string{"DESCRIBE", "SELECT"}
		if tables[key] == config.Write {
			permissions = append(permissions, "ALTER", "DELETE", "DROP", "INSERT")
		}
		grant("Table-"+user+"-"+strings.TrimSuffix(key, "*"), &awslakeformation.CfnPrincipalPermissions_ResourceProperty{Table: table}, permissions...)
	}
	for _, database := range sortedKeys(creates) {
		permissions := []string{"DESCRIBE"}
		if creates[database] {
			permissions = append(permissions, "CREATE_TABLE")
		}
		grant("Database-"+user+"-"+database, &awslakeformation.CfnPrincipalPermissions_ResourceProperty{
			Database: &awslakeformation.CfnPrincipalPermissions_DatabaseResourceProperty{CatalogId: account(scope), Name: &database},
		}, permissions...)
	}
}
