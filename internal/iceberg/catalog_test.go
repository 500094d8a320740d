package iceberg_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"ephemr/internal/dataset"
	"ephemr/internal/iceberg"
	"ephemr/internal/proof/awsfake"
)

// A table is found by the folder of its current metadata file, and by nothing else.
func TestMetadata(t *testing.T) {
	t.Parallel()
	const current = "s3://curated/flights/metadata/00001-ab.metadata.json"
	catalog := awsfake.NewGlue("ephemr_dev")
	for name, location := range map[string]string{"flights": current, "old": "s3a://curated/flights-old/metadata/00009-cd.metadata.json", "hive": ""} {
		catalog.Create("ephemr_dev", types.Table{Name: aws.String(name), Parameters: map[string]string{"metadata_location": location}})
	}
	denied := awsfake.NewGlue("ephemr_dev")
	denied.FailNext("GetTables", &types.AccessDeniedException{Message: aws.String("not authorized to perform: glue:GetTables")})
	for name, tt := range map[string]struct {
		glue     *awsfake.Glue
		database string
		root     dataset.Address
		want     string
	}{
		"current":            {catalog, "ephemr_dev", dataset.Address{Bucket: "curated", Prefix: "flights/"}, current},
		"other scheme":       {catalog, "ephemr_dev", dataset.Address{Bucket: "curated", Prefix: "flights-old/"}, "s3a://curated/flights-old/metadata/00009-cd.metadata.json"},
		"not in the catalog": {catalog, "ephemr_dev", dataset.Address{Bucket: "curated", Prefix: "stores/"}, ""},
		"other bucket":       {catalog, "ephemr_dev", dataset.Address{Bucket: "raw", Prefix: "flights/"}, ""},
		"no database":        {catalog, "ephemr_prod", dataset.Address{Bucket: "curated", Prefix: "flights/"}, ""},
		"denied":             {denied, "ephemr_dev", dataset.Address{Bucket: "curated", Prefix: "flights/"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := iceberg.Catalog{Glue: tt.glue, Database: tt.database}.Metadata(t.Context(), tt.root)
			if err != nil || got != tt.want {
				t.Errorf("metadata %q, error %v; want %q", got, err, tt.want)
			}
		})
	}
}

// A catalog that does not answer is no reason to read another file.
func TestMetadataUnknown(t *testing.T) {
	t.Parallel()
	catalog := awsfake.NewGlue("ephemr_dev")
	catalog.FailNext("GetTables", &types.OperationTimeoutException{Message: aws.String("Operation timed out")})
	if got, err := (iceberg.Catalog{Glue: catalog, Database: "ephemr_dev"}).Metadata(t.Context(), dataset.Address{Bucket: "curated", Prefix: "flights/"}); err == nil {
		t.Errorf("metadata %q, want an error", got)
	}
}
