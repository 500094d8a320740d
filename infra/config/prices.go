package config

import (
	"errors"
	"fmt"

	"ephemr/internal/cost/prices"
	"ephemr/internal/profile"
)

// validatePrices refuses instance types whose cost would not be known.
func (c Config) validatePrices() error {
	table := prices.Of(c.Region)
	var errs []error
	for _, name := range c.ShapeNames() {
		var types []string
		for n := range c.Shapes[name].Rungs() {
			p := c.Shapes[name].Rung(n)
			for _, f := range []*profile.Fleet{&p.Primary, p.Core, p.Task} {
				if f != nil {
					types = append(types, f.Types...)
				}
			}
		}
		if err := table.Check(types); err != nil {
			errs = append(errs, fmt.Errorf("profiles.%s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
