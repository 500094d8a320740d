package config

import "slices"

// Scales reports whether EMR scales clusters of a profile.
func (c Config) Scales() bool {
	return slices.ContainsFunc(c.ShapeNames(), func(name string) bool { return c.Shapes[name].Scaling != nil })
}
