package resize

// Ask is the requested size of a cluster; what is nil stays as it is.
type Ask struct {
	Core   *Size   `json:"core,omitempty"`
	Task   *Size   `json:"task,omitempty"`
	Limits *Bounds `json:"limits,omitempty"`
	Steps  *int    `json:"steps,omitempty"` // side by side
}

// Size is a number of units, of which so many on demand; nil = as many as now.
type Size struct {
	Units    int  `json:"units"`
	OnDemand *int `json:"onDemand,omitempty"`
}

// Bounds are limits of managed scaling; what is nil stays as it is.
type Bounds struct {
	Min         *int `json:"min,omitempty"`
	Max         *int `json:"max,omitempty"`
	MaxCore     *int `json:"maxCore,omitempty"`
	MaxOnDemand *int `json:"maxOnDemand,omitempty"`
}

// Empty reports whether nothing is requested.
func (a Ask) Empty() bool { return a == Ask{} }

// sized reports whether units are requested.
func (a Ask) sized() bool { return a.Core != nil || a.Task != nil }

// Plan is what has to be changed so that a cluster has the requested size.
type Plan struct {
	Fleets []Change
	Limits *Limits
	Steps  *int
}

// Change is the target of a fleet.
type Change struct {
	Fleet    Fleet // without an id it has to be added
	OnDemand int
	Spot     int
}

// Units is the number of units in all.
func (c Change) Units() int { return c.OnDemand + c.Spot }
