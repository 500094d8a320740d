package localemr

import "encoding/json"

type groupShape struct {
	ID                     string                  `json:"Id"`
	Name                   string                  `json:"Name,omitempty"`
	Market                 string                  `json:"Market"`
	InstanceGroupType      string                  `json:"InstanceGroupType"`
	BidPrice               string                  `json:"BidPrice,omitempty"`
	InstanceType           string                  `json:"InstanceType"`
	RequestedInstanceCount int                     `json:"RequestedInstanceCount"`
	RunningInstanceCount   int                     `json:"RunningInstanceCount"`
	Status                 clusterStatus           `json:"Status"`
	Configurations         json.RawMessage         `json:"Configurations,omitempty"`
	EbsBlockDevices        []ebsBlockDevice        `json:"EbsBlockDevices"`
	EbsOptimized           *bool                   `json:"EbsOptimized,omitempty"`
	ShrinkPolicy           json.RawMessage         `json:"ShrinkPolicy,omitempty"`
	ConfigurationsVersion  int64                   `json:"ConfigurationsVersion"`
	CustomAmiID            string                  `json:"CustomAmiId,omitempty"`
	AutoScalingPolicy      *autoScalingDescription `json:"AutoScalingPolicy,omitempty"`
}

type fleetShape struct {
	ID                          string          `json:"Id"`
	Name                        string          `json:"Name,omitempty"`
	Status                      clusterStatus   `json:"Status"`
	InstanceFleetType           string          `json:"InstanceFleetType"`
	TargetOnDemandCapacity      int             `json:"TargetOnDemandCapacity"`
	TargetSpotCapacity          int             `json:"TargetSpotCapacity"`
	ProvisionedOnDemandCapacity int             `json:"ProvisionedOnDemandCapacity"`
	ProvisionedSpotCapacity     int             `json:"ProvisionedSpotCapacity"`
	InstanceTypeSpecifications  []instanceType  `json:"InstanceTypeSpecifications"`
	LaunchSpecifications        *launchSpec     `json:"LaunchSpecifications,omitempty"`
	ResizeSpecifications        json.RawMessage `json:"ResizeSpecifications,omitempty"`
	Context                     string          `json:"Context,omitempty"`
}

// instanceType is InstanceTypeConfig in requests and InstanceTypeSpecification
// in answers.
type instanceType struct {
	InstanceType     string            `json:"InstanceType"`
	WeightedCapacity int               `json:"WeightedCapacity,omitempty"`
	BidPrice         string            `json:"BidPrice,omitempty"`
	BidPricePercent  float64           `json:"BidPriceAsPercentageOfOnDemandPrice,omitempty"`
	Configurations   json.RawMessage   `json:"Configurations,omitempty"`
	EbsConfiguration *ebsConfiguration `json:"EbsConfiguration,omitempty"` // of requests only
	EbsBlockDevices  []ebsBlockDevice  `json:"EbsBlockDevices,omitempty"`
	EbsOptimized     *bool             `json:"EbsOptimized,omitempty"`
	CustomAmiID      string            `json:"CustomAmiId,omitempty"`
	Priority         float64           `json:"Priority,omitempty"`
}

func (t instanceType) weight() int { return max(t.WeightedCapacity, 1) }

type launchSpec struct {
	SpotSpecification     *spotSpec     `json:"SpotSpecification,omitempty"`
	OnDemandSpecification *onDemandSpec `json:"OnDemandSpecification,omitempty"`
}

type spotSpec struct {
	TimeoutDurationMinutes int    `json:"TimeoutDurationMinutes"`
	TimeoutAction          string `json:"TimeoutAction"`
	BlockDurationMinutes   int    `json:"BlockDurationMinutes,omitempty"`
	AllocationStrategy     string `json:"AllocationStrategy,omitempty"`
}

type onDemandSpec struct {
	AllocationStrategy         string          `json:"AllocationStrategy"`
	CapacityReservationOptions json.RawMessage `json:"CapacityReservationOptions,omitempty"`
}

type instanceShape struct {
	ID               string        `json:"Id"`
	EC2InstanceID    string        `json:"Ec2InstanceId"`
	PublicDNSName    string        `json:"PublicDnsName"`
	PrivateDNSName   string        `json:"PrivateDnsName"`
	PrivateIPAddress string        `json:"PrivateIpAddress"`
	Status           clusterStatus `json:"Status"`
	InstanceGroupID  string        `json:"InstanceGroupId,omitempty"`
	InstanceFleetID  string        `json:"InstanceFleetId,omitempty"`
	Market           string        `json:"Market"`
	InstanceType     string        `json:"InstanceType"`
	EbsVolumes       []ebsVolume   `json:"EbsVolumes"`
}

// unit is an instance fleet or group.
type unit struct {
	id     string
	role   string
	status *clusterStatus
	fleet  bool
}
