package localemr

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/local/emrreleases"
)

type listReleasesInput struct {
	Filters    struct{ Prefix, Application string }
	NextToken  string
	MaxResults *int
}

type listReleasesOutput struct {
	ReleaseLabels []string
	NextToken     string `json:",omitempty"`
}

func (s *Server) listReleaseLabels(_ context.Context, in *listReleasesInput) (*listReleasesOutput, error) {
	labels := slices.DeleteFunc(emrreleases.Labels(), func(label string) bool { return !in.wants(label) })
	labels, next, err := take(labels, in.NextToken, deref(in.MaxResults, maxResults))
	if err != nil {
		return nil, err
	}
	return &listReleasesOutput{ReleaseLabels: labels, NextToken: next}, nil
}

// wants applies the filters: a prefix, and an application as "Spark" or "spark@3.5.6".
func (in *listReleasesInput) wants(label string) bool {
	if !strings.HasPrefix(label, in.Filters.Prefix) {
		return false
	}
	if in.Filters.Application == "" {
		return true
	}
	r, _ := emrreleases.Find(label)
	return slices.ContainsFunc(r.Applications(), func(a emrreleases.Application) bool {
		return strings.EqualFold(in.Filters.Application, a.Name) || strings.EqualFold(in.Filters.Application, a.Name+"@"+a.Version)
	})
}

type describeReleaseInput struct {
	ReleaseLabel string
	NextToken    string
	MaxResults   *int
}

type describeReleaseOutput struct {
	ReleaseLabel        string
	Applications        []simplifiedApplication
	NextToken           string     `json:",omitempty"`
	AvailableOSReleases []struct{} // not recorded
}

type simplifiedApplication struct {
	Name    string
	Version string `json:",omitempty"`
}

func (s *Server) describeReleaseLabel(_ context.Context, in *describeReleaseInput) (*describeReleaseOutput, error) {
	r, ok := emrreleases.Find(in.ReleaseLabel)
	if !ok {
		return nil, invalidated(badRelease(in.ReleaseLabel))
	}
	var all []simplifiedApplication
	for _, a := range r.Applications() {
		all = append(all, simplifiedApplication(a))
	}
	listed, next, err := take(all, in.NextToken, deref(in.MaxResults, maxResults))
	if err != nil {
		return nil, err
	}
	return &describeReleaseOutput{ReleaseLabel: r.Label, Applications: listed, NextToken: next, AvailableOSReleases: []struct{}{}}, nil
}

func badRelease(label string) error {
	return validation("The supplied release label is invalid: %s.", label)
}

// maxResults is the largest page of the operations with a NextToken.
const maxResults = 100

// take returns one page of a list that does not change.
func take[T any](items []T, token string, limit int) ([]T, string, error) {
	from := 0
	if token != "" {
		text, err := base64.StdEncoding.DecodeString(token)
		if err == nil {
			from, err = strconv.Atoi(string(text))
		}
		if err != nil || from < 1 || from > len(items) {
			return nil, "", invalid("", "NextToken '%s' is not valid.", token)
		}
	}
	items = items[from:]
	if len(items) <= limit {
		return append([]T{}, items...), "", nil
	}
	return items[:limit], base64.StdEncoding.EncodeToString([]byte(strconv.Itoa(from + limit))), nil
}

type listTypesInput struct{ ReleaseLabel, Marker string }

type listTypesOutput struct {
	SupportedInstanceTypes []supportedType
	Marker                 string `json:",omitempty"`
}

type supportedType struct {
	Type                  string
	MemoryGB              float64
	StorageGB             int
	VCPU                  int
	Is64BitsOnly          bool
	InstanceFamilyID      string `json:"InstanceFamilyId"`
	EbsOptimizedAvailable bool
	EbsOptimizedByDefault bool
	NumberOfDisks         *int `json:",omitempty"` // recorded only where there are none
	EbsStorageOnly        bool
	Architecture          string
}

func (s *Server) listSupportedInstanceTypes(_ context.Context, in *listTypesInput) (*listTypesOutput, error) {
	r, ok := emrreleases.Find(in.ReleaseLabel)
	if !ok {
		return nil, invalidated(badRelease(in.ReleaseLabel))
	}
	listed, marker, err := page(r.InstanceTypes(), func(t emrreleases.InstanceType) string { return t.Name }, every[emrreleases.InstanceType], in.Marker)
	if err != nil {
		return nil, err
	}
	out := &listTypesOutput{SupportedInstanceTypes: []supportedType{}, Marker: marker}
	for _, t := range listed {
		out.SupportedInstanceTypes = append(out.SupportedInstanceTypes, newSupportedType(t))
	}
	return out, nil
}

func newSupportedType(t emrreleases.InstanceType) supportedType {
	out := supportedType{
		Type: t.Name, MemoryGB: float64(t.MemoryMiB) / 1024, StorageGB: t.StorageGB, VCPU: t.VCPU, Is64BitsOnly: true,
		InstanceFamilyID: t.Family(), EbsOptimizedAvailable: true, EbsOptimizedByDefault: t.Family() != "i2",
		EbsStorageOnly: t.StorageGB == 0, Architecture: "X86_64",
	}
	if t.ARM {
		out.Architecture = "AARCH64"
	}
	if out.EbsStorageOnly {
		out.NumberOfDisks = new(int)
	}
	return out
}
