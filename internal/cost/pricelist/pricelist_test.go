package pricelist_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/google/go-cmp/cmp"

	"ephemr/internal/cost/pricelist"
	"ephemr/internal/cost/prices"
)

// list is AWS's price list: entries by service, two to a page.
type list map[string][]string

func (l list) GetProducts(_ context.Context, in *pricing.GetProductsInput, _ ...func(*pricing.Options)) (*pricing.GetProductsOutput, error) {
	var found []string
	for _, entry := range l[aws.ToString(in.ServiceCode)] {
		all := true
		for _, f := range in.Filters {
			all = all && strings.Contains(entry, fmt.Sprintf("%q:%q", *f.Field, *f.Value))
		}
		if all {
			found = append(found, entry)
		}
	}
	first, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &pricing.GetProductsOutput{PriceList: found[first:min(first+2, len(found))]}
	if first+2 < len(found) {
		out.NextToken = aws.String(strconv.Itoa(first + 2))
	}
	return out, nil
}

func entry(attributes, unit, usd string) string {
	return `{"product":{"attributes":{"regionCode":"eu-west-1",` + attributes + `}},"terms":{"OnDemand":{"S.J":{"priceDimensions":{"S.J.6":{"unit":"` + unit +
		`","pricePerUnit":{"USD":"` + usd + `"}}}}}},"publicationDate":"2026-11-20T10:00:00Z"}`
}

func instance(name, vcpu, storage, system, usd string) string {
	return entry(fmt.Sprintf(`"instanceType":%q,"vcpu":%q,"storage":%q,"operatingSystem":%q,"tenancy":"Shared","preInstalledSw":"NA","capacitystatus":"Used"`, name, vcpu, storage, system), "Hrs", usd)
}

func TestFetch(t *testing.T) {
	t.Parallel()
	l := list{
		"AmazonEC2": {
			instance("m5.xlarge", "4", "EBS only", "Linux", "0.2140000000"), instance("m5.xlarge", "4", "EBS only", "Windows", "0.398"),
			instance("i3.16xlarge", "64", "8 x 1,900 NVMe SSD", "Linux", "5.504"), instance("g5.xlarge", "4", "250 GB NVMe SSD", "Linux", "1.1"),
			instance("free.large", "2", "EBS only", "Linux", "0.0000000000"),
			entry(`"productFamily":"Storage","volumeApiName":"gp3"`, "GB-Mo", "0.088"), entry(`"productFamily":"Storage","volumeApiName":"gp2"`, "GB-Mo", "0.11"),
		},
		"ElasticMapReduce": {
			entry(`"instanceType":"i3.16xlarge","softwareType":"EMR"`, "Hrs", "0.27"), entry(`"instanceType":"old.large","softwareType":"EMR"`, "Hrs", "0.1"),
		},
	}
	got, err := pricelist.Fetch(t.Context(), l, "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	want := prices.Table{
		Region: "eu-west-1", Date: "2026-11-20", Source: "AWS's price list (pricing:GetProducts)", GP3: 0.088, GP2: 0.11, Types: map[string]prices.Hour{
			"m5.xlarge":   {EC2: 0.214, EMR: 0.0535, VCPU: 4},
			"i3.16xlarge": {EC2: 5.504, EMR: 0.27, VCPU: 64, NVMe: 15200},
			"g5.xlarge":   {EC2: 1.1, EMR: 0.275, VCPU: 4, NVMe: 250},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	var text strings.Builder
	if err := got.Write(&text); err != nil {
		t.Fatal(err)
	}
	if again, err := prices.Read(strings.NewReader(text.String())); err != nil || cmp.Diff(want, again) != "" {
		t.Errorf("%v; written:\n%s", err, text.String())
	}
	if _, err := pricelist.Fetch(t.Context(), l, "eu-west-9"); err == nil || !strings.Contains(err.Error(), `has 0 instance types`) {
		t.Error(err)
	}
}
