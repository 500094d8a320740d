package cluster

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"ephemr/internal/run"
)

// SpotAPI answers what Spot instances cost.
type SpotAPI interface {
	DescribeSpotPriceHistory(context.Context, *ec2.DescribeSpotPriceHistoryInput, ...func(*ec2.Options)) (*ec2.DescribeSpotPriceHistoryOutput, error)
}

// spotTime is how long the creation of a cluster waits for an answer about prices.
const spotTime = 3 * time.Second

// atSpotPrices returns units with the Spot prices of this moment. Which zone EMR will
// choose is not known yet, so it is the highest of the Region's zones. Without an
// answer the prices stay the stage's share of the On-Demand price.
func (m *Manager) atSpotPrices(ctx context.Context, units []run.Units) []run.Units {
	var names []types.InstanceType
	for _, u := range units {
		if name := types.InstanceType(u.Type); u.Spot > 0 && u.Price != nil && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 || m.Settings.OnLaptop() {
		return units
	}
	ctx, cancel := context.WithTimeout(ctx, spotTime)
	defer cancel()
	highest, err := m.spotPrices(ctx, names)
	if err != nil {
		slog.WarnContext(ctx, "Spot prices unknown: cost is estimated by the stage's share", "types", names, "error", err.Error())
	}
	units = slices.Clone(units)
	for i, u := range units {
		if usd, ok := highest[u.Type]; ok && u.Price != nil {
			price := *u.Price
			price.Spot, price.Seen = usd, true
			units[i].Price = &price
		}
	}
	return units
}

// spotPrices are the highest prices of the Region's zones now, by type. EC2 answers a
// time span that is now with the latest price of each zone.
func (m *Manager) spotPrices(ctx context.Context, names []types.InstanceType) (map[string]float64, error) {
	now := time.Now()
	highest := map[string]float64{}
	for p := ec2.NewDescribeSpotPriceHistoryPaginator(m.Spot, &ec2.DescribeSpotPriceHistoryInput{
		InstanceTypes: names, ProductDescriptions: []string{"Linux/UNIX"}, StartTime: &now, EndTime: &now,
	}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return highest, err
		}
		for _, x := range page.SpotPriceHistory {
			usd, err := strconv.ParseFloat(aws.ToString(x.SpotPrice), 64)
			if err == nil && usd > highest[string(x.InstanceType)] {
				highest[string(x.InstanceType)] = usd
			}
		}
	}
	return highest, nil
}
