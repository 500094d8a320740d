package localemr

import "encoding/json"

// The shapes that answers are made of, spelled as in the API reference. They
// are the model too: what DescribeCluster shows is what the server knows.
// Parts that only travel through (configurations, EBS) stay raw JSON.

type clusterShape struct {
	ID                      string             `json:"Id"`
	Name                    string             `json:"Name"`
	Status                  clusterStatus      `json:"Status"`
	EC2InstanceAttributes   ec2Attributes      `json:"Ec2InstanceAttributes"`
	InstanceCollectionType  string             `json:"InstanceCollectionType"`
	LogURI                  string             `json:"LogUri,omitempty"`
	LogEncryptionKmsKeyID   string             `json:"LogEncryptionKmsKeyId,omitempty"`
	ReleaseLabel            string             `json:"ReleaseLabel,omitempty"`
	AutoTerminate           bool               `json:"AutoTerminate"`
	TerminationProtected    bool               `json:"TerminationProtected"`
	UnhealthyNodeReplace    bool               `json:"UnhealthyNodeReplacement"`
	VisibleToAllUsers       bool               `json:"VisibleToAllUsers"`
	Applications            []applicationShape `json:"Applications"`
	Tags                    []tagShape         `json:"Tags"`
	ServiceRole             string             `json:"ServiceRole,omitempty"`
	NormalizedInstanceHours int                `json:"NormalizedInstanceHours"`
	MasterPublicDNSName     string             `json:"MasterPublicDnsName,omitempty"`
	Configurations          json.RawMessage    `json:"Configurations,omitempty"`
	SecurityConfiguration   string             `json:"SecurityConfiguration,omitempty"`
	AutoScalingRole         string             `json:"AutoScalingRole,omitempty"`
	ScaleDownBehavior       string             `json:"ScaleDownBehavior,omitempty"`
	CustomAmiID             string             `json:"CustomAmiId,omitempty"`
	EbsRootVolumeSize       int                `json:"EbsRootVolumeSize,omitempty"`
	EbsRootVolumeIops       int                `json:"EbsRootVolumeIops,omitempty"`
	EbsRootVolumeThroughput int                `json:"EbsRootVolumeThroughput,omitempty"`
	RepoUpgradeOnBoot       string             `json:"RepoUpgradeOnBoot,omitempty"`
	KerberosAttributes      json.RawMessage    `json:"KerberosAttributes,omitempty"`
	ClusterArn              string             `json:"ClusterArn"`
	StepConcurrencyLevel    int                `json:"StepConcurrencyLevel"`
	PlacementGroups         json.RawMessage    `json:"PlacementGroups,omitempty"`
	OSReleaseLabel          string             `json:"OSReleaseLabel,omitempty"`
	ExtendedSupport         bool               `json:"ExtendedSupport,omitempty"`
	MonitoringConfiguration json.RawMessage    `json:"MonitoringConfiguration,omitempty"`
}

type clusterSummary struct {
	ID                      string        `json:"Id"`
	Name                    string        `json:"Name"`
	Status                  clusterStatus `json:"Status"`
	NormalizedInstanceHours int           `json:"NormalizedInstanceHours"`
	ClusterArn              string        `json:"ClusterArn"`
}

type clusterStatus struct {
	State             string        `json:"State"`
	StateChangeReason reason        `json:"StateChangeReason"`
	Timeline          timeline      `json:"Timeline"`
	ErrorDetails      []errorDetail `json:"ErrorDetails,omitempty"`
}

type reason struct {
	Code    string `json:"Code,omitempty"`
	Message string `json:"Message,omitempty"`
}

type timeline struct {
	CreationDateTime epoch `json:"CreationDateTime"`
	ReadyDateTime    epoch `json:"ReadyDateTime,omitzero"`
	EndDateTime      epoch `json:"EndDateTime,omitzero"`
}

type errorDetail struct {
	ErrorCode    string              `json:"ErrorCode"`
	ErrorData    []map[string]string `json:"ErrorData,omitempty"`
	ErrorMessage string              `json:"ErrorMessage"`
}

type ec2Attributes struct {
	EC2KeyName                 string   `json:"Ec2KeyName,omitempty"`
	EC2SubnetID                string   `json:"Ec2SubnetId,omitempty"`
	RequestedEC2SubnetIDs      []string `json:"RequestedEc2SubnetIds"`
	EC2AvailabilityZone        string   `json:"Ec2AvailabilityZone,omitempty"`
	RequestedAvailabilityZones []string `json:"RequestedEc2AvailabilityZones"`
	IamInstanceProfile         string   `json:"IamInstanceProfile,omitempty"`
	MasterSecurityGroup        string   `json:"EmrManagedMasterSecurityGroup,omitempty"`
	SlaveSecurityGroup         string   `json:"EmrManagedSlaveSecurityGroup,omitempty"`
	ServiceAccessSecurityGroup string   `json:"ServiceAccessSecurityGroup,omitempty"`
	MasterExtraSecurityGroups  []string `json:"AdditionalMasterSecurityGroups,omitempty"`
	SlaveExtraSecurityGroups   []string `json:"AdditionalSlaveSecurityGroups,omitempty"`
}

type applicationShape struct {
	Name           string            `json:"Name"`
	Version        string            `json:"Version,omitempty"`
	Args           []string          `json:"Args,omitempty"`
	AdditionalInfo map[string]string `json:"AdditionalInfo,omitempty"`
}

type tagShape struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
}

type commandShape struct {
	Name       string   `json:"Name"`
	ScriptPath string   `json:"ScriptPath"`
	Args       []string `json:"Args"`
}

type stepShape struct {
	ID               string     `json:"Id"`
	Name             string     `json:"Name"`
	Config           stepConfig `json:"Config"`
	ActionOnFailure  string     `json:"ActionOnFailure"`
	Status           stepStatus `json:"Status"`
	ExecutionRoleArn string     `json:"ExecutionRoleArn,omitempty"`
}

type stepConfig struct {
	Jar        string            `json:"Jar"`
	Properties map[string]string `json:"Properties"`
	MainClass  string            `json:"MainClass,omitempty"`
	Args       []string          `json:"Args"`
}

type stepStatus struct {
	State             string          `json:"State"`
	StateChangeReason reason          `json:"StateChangeReason"`
	FailureDetails    *failureDetails `json:"FailureDetails,omitempty"`
	Timeline          stepTimeline    `json:"Timeline"`
}

type failureDetails struct {
	Reason  string `json:"Reason,omitempty"`
	Message string `json:"Message,omitempty"`
	LogFile string `json:"LogFile,omitempty"`
}

type stepTimeline struct {
	CreationDateTime epoch `json:"CreationDateTime"`
	StartDateTime    epoch `json:"StartDateTime,omitzero"`
	EndDateTime      epoch `json:"EndDateTime,omitzero"`
}

type autoTerminationPolicy struct {
	IdleTimeout int64 `json:"IdleTimeout,omitempty"` // seconds
}

type managedScalingPolicy struct {
	ComputeLimits               *computeLimits `json:"ComputeLimits,omitempty"`
	UtilizationPerformanceIndex int            `json:"UtilizationPerformanceIndex,omitempty"`
	ScalingStrategy             string         `json:"ScalingStrategy,omitempty"`
}

type computeLimits struct {
	UnitType                     string `json:"UnitType"`
	MinimumCapacityUnits         int    `json:"MinimumCapacityUnits"`
	MaximumCapacityUnits         int    `json:"MaximumCapacityUnits"`
	MaximumOnDemandCapacityUnits *int   `json:"MaximumOnDemandCapacityUnits,omitempty"` // none = as many as in all
	MaximumCoreCapacityUnits     *int   `json:"MaximumCoreCapacityUnits,omitempty"`
}
