package awsfake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// spotPage is how many prices a page has. EC2's own are longer, and may be empty
// although others follow.
const spotPage = 2

// EC2 is an EC2 that has Spot prices.
type EC2 struct {
	Control

	mu     sync.Mutex
	prices map[string][]float64 // type -> by zone
}

// NewEC2 returns an EC2 with Spot prices by type: one for each zone.
func NewEC2(prices map[string][]float64) *EC2 {
	return &EC2{Control: newControl("EC2"), prices: prices}
}

// SetSpot changes the price of a type in all zones.
func (f *EC2) SetSpot(instanceType string, usd float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prices = maps.Clone(f.prices)
	f.prices[instanceType] = []float64{usd}
}

// DescribeSpotPriceHistory answers the prices of a time span that is now. Without
// ProductDescriptions EC2 answers those of other operating systems as well.
func (f *EC2) DescribeSpotPriceHistory(
	ctx context.Context, in *ec2.DescribeSpotPriceHistoryInput, _ ...func(*ec2.Options),
) (*ec2.DescribeSpotPriceHistoryOutput, error) {
	return call(ctx, &f.Control, "DescribeSpotPriceHistory", func() (*ec2.DescribeSpotPriceHistoryOutput, error) {
		if in.StartTime == nil || in.EndTime == nil || in.StartTime.After(*in.EndTime) {
			return nil, apiError("InvalidParameterValue", "The fake answers the prices of now only: set StartTime and EndTime.")
		}
		all := f.history(in)
		first, err := strconv.Atoi("0" + aws.ToString(in.NextToken))
		if err != nil || first > len(all) {
			return nil, apiError("InvalidPaginationToken", "The pagination token is invalid.")
		}
		out := &ec2.DescribeSpotPriceHistoryOutput{SpotPriceHistory: all[first:min(first+spotPage, len(all))]}
		if first+spotPage < len(all) {
			out.NextToken = new(strconv.Itoa(first + spotPage))
		}
		return out, nil
	})
}

func (f *EC2) history(in *ec2.DescribeSpotPriceHistoryInput) (all []types.SpotPrice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	products := in.ProductDescriptions
	if len(products) == 0 {
		products = []string{"Linux/UNIX", "Windows"}
	}
	for _, name := range slices.Sorted(maps.Keys(f.prices)) {
		if len(in.InstanceTypes) > 0 && !slices.Contains(in.InstanceTypes, types.InstanceType(name)) {
			continue
		}
		for zone, usd := range f.prices[name] {
			for i, product := range products {
				all = append(all, types.SpotPrice{
					AvailabilityZone: new(fmt.Sprintf("us-east-1%c", 'a'+zone)), InstanceType: types.InstanceType(name),
					ProductDescription: types.RIProductDescription(product), SpotPrice: new(fmt.Sprintf("%.6f", usd*float64(i+1))), Timestamp: new(time.Now()),
				})
			}
		}
	}
	return all
}
