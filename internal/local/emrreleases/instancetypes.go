package emrreleases

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed instancetypes.csv
var typesSource string

// InstanceType is a type of EC2 instance that EMR supports.
type InstanceType struct {
	Name      string
	VCPU      int
	MemoryMiB int
	ARM       bool
	StorageGB int // of its own disks; 0 = EBS only
}

// Family is the part of the name before the dot.
func (t InstanceType) Family() string {
	family, _, _ := strings.Cut(t.Name, ".")
	return family
}

var loadTypes = sync.OnceValue(func() []InstanceType {
	rows, err := csv.NewReader(strings.NewReader(typesSource)).ReadAll()
	if err != nil {
		panic(fmt.Sprintf("read instancetypes.csv: %v", err)) // committed beside this file
	}
	types := make([]InstanceType, 0, len(rows))
	for _, row := range rows[1:] {
		types = append(types, InstanceType{
			Name: row[0], VCPU: number(row[1]), MemoryMiB: number(row[2]), ARM: row[3] == "arm64", StorageGB: number(row[4]),
		})
	}
	return types
})

func number(text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(fmt.Sprintf("read instancetypes.csv: %v", err))
	}
	return n
}

// InstanceTypes returns the types that r supports.
func (r Release) InstanceTypes() []InstanceType {
	var all []InstanceType
	for _, t := range loadTypes() {
		if !t.ARM || r.supportsARM() {
			all = append(all, t)
		}
	}
	return all
}

// supportsARM says whether r runs on Graviton: since 5.30.0, and 6.1.0.
func (r Release) supportsARM() bool {
	return atLeast(r.Label, "6.1.0") || atLeast(r.Label, "5.30.0") && !atLeast(r.Label, "6.0.0")
}
