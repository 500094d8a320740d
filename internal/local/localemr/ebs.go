package localemr

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

// ebsConfiguration is how a request describes EBS volumes; answers list devices.
type ebsConfiguration struct {
	EbsBlockDeviceConfigs []struct {
		VolumeSpecification volumeSpecification
		VolumesPerInstance  *int
	}
	EbsOptimized *bool
}

type volumeSpecification struct {
	VolumeType string
	Iops       int `json:",omitempty"`
	SizeInGB   int
	Throughput int `json:",omitempty"`
}

type ebsBlockDevice struct {
	VolumeSpecification volumeSpecification
	Device              string
}

type ebsVolume struct {
	Device   string
	VolumeID string `json:"VolumeId"`
}

// maxVolumes is EMR's limit for one instance.
const maxVolumes = 25

func (e *ebsConfiguration) validate() error {
	if e == nil {
		return nil
	}
	total := 0
	for _, c := range e.EbsBlockDeviceConfigs {
		n := deref(c.VolumesPerInstance, 1)
		if total += n; n < 1 || total > maxVolumes {
			return validation("The number of EBS volumes of an instance must be between 1 and %d.", maxVolumes)
		}
		if err := c.VolumeSpecification.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (v volumeSpecification) validate() error {
	kind := volumeTypes[v.VolumeType]
	switch {
	case kind == nil:
		return validation("The EBS volume type %s is not supported. Supported are gp2, gp3, io1, io2, st1, sc1 and standard.", v.VolumeType)
	case v.SizeInGB < 1 || v.SizeInGB > kind.size:
		return validation("The size of an EBS volume of type %s must be between 1 and %d GiB.", v.VolumeType, kind.size)
	case v.Iops > 0 && !kind.iops:
		return validation("Iops cannot be specified for EBS volumes of type %s.", v.VolumeType)
	case v.Throughput > 0 && v.VolumeType != "gp3":
		return validation("Throughput can be specified for EBS volumes of type gp3 only.")
	}
	return nil
}

type volumeType struct {
	size int // GiB at most
	iops bool
}

const maxVolumeSize = 16_384

var volumeTypes = map[string]*volumeType{
	"gp2": {size: maxVolumeSize}, "gp3": {size: maxVolumeSize, iops: true},
	"io1": {size: maxVolumeSize, iops: true}, "io2": {size: maxVolumeSize, iops: true},
	"st1": {size: maxVolumeSize}, "sc1": {size: maxVolumeSize}, "standard": {size: 1024},
}

// devices lists the volumes of each instance, named as EC2 names them.
func (e *ebsConfiguration) devices() []ebsBlockDevice {
	all := []ebsBlockDevice{}
	if e == nil {
		return all
	}
	for _, c := range e.EbsBlockDeviceConfigs {
		for range deref(c.VolumesPerInstance, 1) {
			all = append(all, ebsBlockDevice{VolumeSpecification: c.VolumeSpecification, Device: fmt.Sprintf("/dev/sd%c", 'b'+len(all))})
		}
	}
	return all
}

func (e *ebsConfiguration) optimized() *bool {
	if e == nil {
		return nil
	}
	return e.EbsOptimized
}

// volumes attaches the volumes of one instance.
func (c *record) volumes(i *instanceShape) []ebsVolume {
	var devices []ebsBlockDevice
	for _, g := range c.Groups {
		if i.belongsTo(g.ID) {
			devices = g.EbsBlockDevices
		}
	}
	for _, f := range c.Fleets {
		for _, t := range f.InstanceTypeSpecifications {
			if i.belongsTo(f.ID) && t.InstanceType == i.InstanceType {
				devices = t.EbsBlockDevices
			}
		}
	}
	volumes := []ebsVolume{}
	for _, d := range devices {
		id := make([]byte, 9)
		_, _ = rand.Read(id) // never fails
		volumes = append(volumes, ebsVolume{Device: d.Device, VolumeID: "vol-" + hex.EncodeToString(id)[:17]})
	}
	return volumes
}
