package stage

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Costs is how a stage estimates and bounds what its runs cost.
type Costs struct {
	SpotShare float64            `json:"spotShare,omitempty" yaml:"spotShare"` // of the On-Demand price, for Spot units whose price EC2 does not answer; 0 = 0.4
	Budgets   map[string]float64 `json:"budgets,omitempty" yaml:"budgets"`     // team -> USD a month
}

// defaultSpotShare is within what AWS publishes for the usual types: discounts of 50 to 70 %.
// Source: the Spot Instance Advisor.
const defaultSpotShare = 0.4

// Share is what a Spot unit costs in relation to an On-Demand one.
func (c Costs) Share() float64 {
	if c.SpotShare > 0 {
		return c.SpotShare
	}
	return defaultSpotShare
}

// Validate returns all errors.
func (c Costs) Validate() error {
	var errs []error
	if c.SpotShare < 0 || c.SpotShare > 1 {
		errs = append(errs, fmt.Errorf("costs.spotShare %g must be more than 0 and at most 1", c.SpotShare))
	}
	for _, team := range slices.Sorted(maps.Keys(c.Budgets)) {
		if usd := c.Budgets[team]; !(usd > 0) {
			errs = append(errs, fmt.Errorf("costs.budgets.%s %g must be more than 0 (USD a month)", team, usd))
		}
	}
	return errors.Join(errs...)
}
