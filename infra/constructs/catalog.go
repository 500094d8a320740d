package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslakeformation"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/infra/config"
)

// grantCatalog allows what Spark and Hive call when they start, whatever tables the
// job uses:
//
//   - Hive's client looks up the database "default", and creates it if a new account
//     has none: https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-hive-metastore-glue.html
//   - It then reads the functions of all databases.
//   - Spark before 4.0 looks up its database of temporary views (SPARK-48559).
//
// An operation on a resource of the catalog requires permission on its ancestors:
// https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html
func grantCatalog(scope constructs.Construct, to Rights) {
	glue := func(resources ...string) []*string { return glueARNs(scope, resources...) }
	to.allow(statement(of("glue", "GetDatabase"), glue("catalog", "database/default", "database/global_temp"), nil))
	to.allow(statement(of("glue", "CreateDatabase"), glue("catalog", "database/default"), nil))
	to.allow(statement(of("glue", "GetUserDefinedFunctions"), glue("catalog", "database/*", "userDefinedFunction/*/*"), nil))
}

// grantTables allows access to tables of a Glue database: one, those with a
// prefix, or all, and then its functions too. The actions are those of the client
// that Spark and Hive on EMR use:
// https://github.com/awslabs/aws-glue-data-catalog-client-for-apache-hive-metastore
func grantTables(scope constructs.Construct, to Rights, database, table string, write bool) {
	glue := func(resources ...string) []*string { return glueARNs(scope, resources...) }
	to.allow(statement(of("glue", "GetDatabase", "GetDatabases"), glue("catalog", "database/"+database), nil))
	reads := []string{"GetTable", "GetTables", "GetTableVersion", "GetTableVersions", "GetPartition", "GetPartitions", "BatchGetPartition"}
	writes := []string{
		"CreateTable", "UpdateTable", "DeleteTable",
		"CreatePartition", "BatchCreatePartition", "UpdatePartition", "BatchUpdatePartition", "DeletePartition", "BatchDeletePartition",
	}
	functions := []string{"GetUserDefinedFunction"}
	if write {
		reads = append(reads, writes...)
	}
	to.allow(statement(of("glue", reads...), glue("catalog", "database/"+database, "table/"+database+"/"+table), nil))
	if write && table == "*" {
		functions = append(functions, "CreateUserDefinedFunction", "UpdateUserDefinedFunction", "DeleteUserDefinedFunction")
	}
	to.allow(statement(of("glue", functions...), glue("catalog", "database/"+database, "userDefinedFunction/"+database+"/*"), nil))
}

// GrantCatalog allows a function calls on the tables of the stage's database.
func GrantCatalog(scope constructs.Construct, fn *Function, stage Stage, actions ...string) {
	database := stage.Database()
	fn.allow(statement(of("glue", actions...), glueARNs(scope, "catalog", "database/"+database, "table/"+database+"/*"), nil))
}

func glueARNs(scope constructs.Construct, resources ...string) []*string {
	arns := make([]*string, len(resources))
	for i, resource := range resources {
		arns[i] = arn(scope, "glue", resource)
	}
	return arns
}

// grantInLakeFormation grants the tables of a user, or of a role of a team, in Lake Formation, too. The deploying role
// must be an administrator of the data lake, and the tables must exist.
func grantInLakeFormation(scope constructs.Construct, user string, role awsiam.IRole, tables map[string]config.Right) {
	grant := func(id string, resource *awslakeformation.CfnPrincipalPermissions_ResourceProperty, permissions ...string) {
		awslakeformation.NewCfnPrincipalPermissions(scope, &id, &awslakeformation.CfnPrincipalPermissionsProps{
			Principal:   &awslakeformation.CfnPrincipalPermissions_DataLakePrincipalProperty{DataLakePrincipalIdentifier: role.RoleArn()},
			Permissions: pointers(permissions), PermissionsWithGrantOption: &[]*string{},
			Resource: resource,
		})
	}
	creates := map[string]bool{"default": false} // database -> whether tables may be created in it; Spark and Hive look up "default" when they start
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
