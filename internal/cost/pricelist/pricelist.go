// Package pricelist reads AWS's price list for the table of a Region.
package pricelist

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/pricing"
	"github.com/aws/aws-sdk-go-v2/service/pricing/types"

	"ephemr/internal/cost/prices"
)

// API is AWS's price list. It has endpoints in few Regions; Region is one of them.
type API interface {
	GetProducts(context.Context, *pricing.GetProductsInput, ...func(*pricing.Options)) (*pricing.GetProductsOutput, error)
}

// Region has an endpoint of the price list, for all Regions.
const Region = "us-east-1"

// product is what an entry of the price list says.
// Source: AWS Billing User Guide, "Understanding the price list files".
type product struct {
	Product struct {
		Attributes map[string]string `json:"attributes"`
	} `json:"product"`
	Terms struct {
		OnDemand map[string]struct {
			PriceDimensions map[string]struct {
				Unit         string            `json:"unit"`
				PricePerUnit map[string]string `json:"pricePerUnit"`
			} `json:"priceDimensions"`
		} `json:"OnDemand"`
	} `json:"terms"`
	PublicationDate string `json:"publicationDate"`
}

// usd is the price for a unit, or 0.
func (p product) usd(unit string) float64 {
	for _, term := range p.Terms.OnDemand {
		for _, d := range term.PriceDimensions {
			if usd, err := strconv.ParseFloat(d.PricePerUnit["USD"], 64); err == nil && d.Unit == unit {
				return usd
			}
		}
	}
	return 0
}

// Fetch reads the table of a Region.
func Fetch(ctx context.Context, api API, region string) (prices.Table, error) {
	t := prices.Table{Region: region, Source: "AWS's price list (pricing:GetProducts)", Types: map[string]prices.Hour{}}
	linux := map[string]string{"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
	err := each(ctx, api, "AmazonEC2", region, linux, func(p product) {
		a := p.Product.Attributes
		vcpu, err := strconv.Atoi(a["vcpu"])
		if usd := p.usd("Hrs"); err == nil && usd > 0 {
			h := prices.Hour{EC2: usd, VCPU: vcpu, NVMe: local(a["storage"])}
			h.EMR = prices.EMR(usd)
			t.Types[a["instanceType"]] = h
		}
		if date, _, _ := strings.Cut(p.PublicationDate, "T"); date > t.Date {
			t.Date = date
		}
	})
	if err != nil {
		return t, err
	}
	if err := each(ctx, api, "ElasticMapReduce", region, map[string]string{"softwareType": "EMR"}, func(p product) {
		if h, ok := t.Types[p.Product.Attributes["instanceType"]]; ok && p.usd("Hrs") > 0 {
			h.EMR = p.usd("Hrs")
			t.Types[p.Product.Attributes["instanceType"]] = h
		}
	}); err != nil {
		return t, err
	}
	for name, to := range map[string]*float64{"gp3": &t.GP3, "gp2": &t.GP2} {
		if err := each(ctx, api, "AmazonEC2", region, map[string]string{"productFamily": "Storage", "volumeApiName": name}, func(p product) { *to = max(*to, p.usd("GB-Mo")) }); err != nil {
			return t, err
		}
	}
	if len(t.Types) == 0 || t.GP2 == 0 || t.GP3 == 0 {
		return t, fmt.Errorf("AWS's price list has %d instance types and volumes at %g and %g USD for %q; check the name of the Region", len(t.Types), t.GP3, t.GP2, region)
	}
	return t, nil
}

func each(ctx context.Context, api API, service, region string, match map[string]string, visit func(product)) error {
	in := &pricing.GetProductsInput{ServiceCode: &service, FormatVersion: aws.String("aws_v1")}
	add := func(field, value string) {
		in.Filters = append(in.Filters, types.Filter{Type: types.FilterTypeTermMatch, Field: &field, Value: &value})
	}
	add("regionCode", region)
	for field, value := range match {
		add(field, value)
	}
	for p := pricing.NewGetProductsPaginator(api, in); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read AWS's price list of %s: %w", service, err)
		}
		for _, text := range page.PriceList {
			var x product
			if err := json.Unmarshal([]byte(text), &x); err != nil {
				return fmt.Errorf("read an entry of AWS's price list of %s: %w", service, err)
			}
			visit(x)
		}
	}
	return nil
}

var disks = regexp.MustCompile(`^(?:(\d+) x )?([\d,]+)(?: GB)? `)

// local is the GB of the local disks of a type: its storage is written like
// "2 x 900 NVMe SSD", "225 GB NVMe SSD" or "EBS only".
func local(storage string) int {
	m := disks.FindStringSubmatch(storage)
	if m == nil {
		return 0
	}
	n := 1
	if m[1] != "" {
		n, _ = strconv.Atoi(m[1]) // the pattern is that of a number
	}
	gb, _ := strconv.Atoi(strings.ReplaceAll(m[2], ",", ""))
	return n * gb
}
