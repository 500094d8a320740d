package run

// Price is USD an hour of a unit, as it was when its cluster was made.
type Price struct {
	EC2  float64 `dynamodbav:"ec2" json:"ec2"`                       // On-Demand
	Spot float64 `dynamodbav:"spot" json:"spot"`                     // EC2's, of a Spot unit
	Seen bool    `dynamodbav:"seen,omitempty" json:"seen,omitempty"` // EC2 has answered Spot; else it is the stage's share of EC2
	EMR  float64 `dynamodbav:"emr" json:"emr"`
	Disk float64 `dynamodbav:"disk" json:"disk"` // of its EBS volumes
}

// Cost is an estimate in USD of what a run cost. It is not the amount that AWS charges.
type Cost struct {
	EC2     float64 `dynamodbav:"ec2,omitempty" json:"ec2,omitempty"`
	EMR     float64 `dynamodbav:"emr,omitempty" json:"emr,omitempty"`
	Disk    float64 `dynamodbav:"disk,omitempty" json:"disk,omitempty"`       // EBS volumes
	Control float64 `dynamodbav:"control,omitempty" json:"control,omitempty"` // Step Functions and Lambda, and the queries of checks

	// Without effect, as a part of the sum.
	Attempts  float64 `dynamodbav:"attempts,omitempty" json:"failedAttempts,omitempty"`  // of jobs, while they failed
	Fallbacks float64 `dynamodbav:"fallbacks,omitempty" json:"failedClusters,omitempty"` // clusters that ran no job

	Unknown []string `dynamodbav:"unknown,omitempty" json:"unknown,omitempty"` // instance types without a price: the sum is at least as high
	Profile string   `dynamodbav:"profile,omitempty" json:"profile,omitempty"`

	Pooled map[string]float64 `dynamodbav:"pooled,omitempty" json:"pooled,omitempty"` // for clusters that belong to pools, as a part of the sum, by id
}

// USD is the sum.
func (c Cost) USD() float64 { return c.EC2 + c.EMR + c.Disk + c.Control }
