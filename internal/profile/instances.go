package profile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ephemr/internal/pipeline"
)

// vcpus of the sizes that are not a multiple of xlarge.
var vcpus = map[string]int{"medium": 1, "large": 2, "xlarge": 4}

// instance returns the architecture of an instance type, and its memory in MiB or 0
// for sizes such as metal; false if its family is not known.
func instance(name string) (architecture string, memory int, ok bool) {
	prefix, size, _ := strings.Cut(name, ".")
	f, ok := families[prefix]
	n := vcpus[size]
	if times, err := strconv.Atoi(strings.TrimSuffix(size, "xlarge")); err == nil && strings.HasSuffix(size, "xlarge") {
		n = 4 * times
	}
	return f.architecture, n * f.memory, ok
}

// validateArchitecture refuses clusters of several architectures, with every
// fallback: EMR's default images do not mix, and an environment of Python libraries
// is made for one.
// Source: Amazon EMR Management Guide, "Using a custom AMI".
func (p Profile) validateArchitecture() error {
	for n := range p.Rungs() {
		rung, of := p.Rung(n), map[string]string{} // architecture -> a type
		for _, f := range []*Fleet{&rung.Primary, rung.Core, rung.Task} {
			if f == nil {
				continue
			}
			for _, t := range f.Types {
				if architecture, _, ok := instance(t); ok {
					of[architecture] = cmp.Or(of[architecture], t)
				}
			}
		}
		if len(of) > 1 {
			return fmt.Errorf("%s mixes architectures: %s is %s, %s is %s; use types of one", rungName(n), of[arm], arm, of[x86], x86)
		}
	}
	return nil
}

func rungName(n int) string {
	if n == 0 {
		return "the profile"
	}
	return fmt.Sprintf("fallbacks[%d]", n-1)
}

// Memory on the primary instance of each step that runs: its driver's, which is
// Spark's default on EMR unless configured, and that of command-runner.jar and the
// runner.
const (
	driverMemory = 2048 // MiB
	stepMemory   = 614  // MiB
)

// Holds compares the drivers of steps that run side by side with the memory of the
// primary instance, for every fallback.
func (p Profile) Holds(steps int) error {
	if steps < 2 {
		return nil
	}
	driver, err := p.driverMemory()
	if err != nil {
		return err
	}
	small := map[string]string{}
	need := steps * (driver + stepMemory)
	for n := range p.Rungs() {
		for _, t := range p.Rung(n).Primary.Types {
			if _, memory, ok := instance(t); ok && memory > 0 && memory < need {
				small[t] = fmt.Sprintf("%s has %s", t, gib(memory))
			}
		}
	}
	if len(small) > 0 {
		return fmt.Errorf("%d steps side by side need %s of memory on the primary, for drivers of %s: %s; use larger types, fewer steps or less spark.driver.memory",
			steps, gib(need), gib(driver), strings.Join(slices.Sorted(maps.Values(small)), ", "))
	}
	return nil
}

// MostSteps is how many steps the primary instance holds side by side, with every
// fallback: 1 to 256, EMR's limit.
func (p Profile) MostSteps() int {
	most := 256
	driver, err := p.driverMemory()
	if err != nil {
		return 1
	}
	for n := range p.Rungs() {
		for _, t := range p.Rung(n).Primary.Types {
			if _, memory, ok := instance(t); ok && memory > 0 {
				most = min(most, memory/(driver+stepMemory))
			}
		}
	}
	return max(most, 1)
}

// CheckSteps compares the step concurrency that a pipeline sets with the memory of
// the primary instance. name is the profile's.
func (p Profile) CheckSteps(s pipeline.Spec, name string) error {
	if err := p.Holds(s.Cluster.StepConcurrency); err != nil {
		return fmt.Errorf("cluster.stepConcurrency: pipeline %s and profile %s: %w", s.Name, name, err)
	}
	return nil
}

func gib(mib int) string { return fmt.Sprintf("%.1f GiB", float64(mib)/1024) }

// driverMemory is spark.driver.memory in MiB.
func (p Profile) driverMemory() (int, error) {
	const key = "spark.driver.memory"
	text := ""
	for _, c := range p.Configurations {
		if c.Classification == "spark-defaults" {
			text = cmp.Or(c.Properties[key], text)
		}
	}
	if text == "" {
		return driverMemory, nil
	}
	number, unit := strings.ToLower(text), 1.0
	for suffix, mib := range map[string]float64{"k": 1.0 / 1024, "kb": 1.0 / 1024, "m": 1, "mb": 1, "g": 1024, "gb": 1024, "t": 1 << 20, "tb": 1 << 20} {
		if trimmed, ok := strings.CutSuffix(number, suffix); ok && strings.Trim(trimmed, "0123456789") == "" {
			number, unit = trimmed, mib
			break
		}
	}
	n, err := strconv.Atoi(number)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%s %q is not a size like 4g", key, text)
	}
	return int(float64(n) * unit), nil
}
