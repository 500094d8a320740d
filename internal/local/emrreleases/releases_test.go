package emrreleases_test

import (
	"slices"
	"testing"

	"ephemr/internal/local/emrreleases"
)

func TestApplicationVersions(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"emr-7.14.0": "3.5.6", "emr-7.9.0": "3.5.5", "emr-7.0.0": "3.5.0", "emr-6.15.0": "3.4.1", "emr-6.1.1": "3.0.0", "emr-5.36.2": "2.4.8", "emr-5.0.0": "",
	} {
		r, ok := emrreleases.Find(label)
		spark, has := r.Application("SPARK")
		if !ok || !has || spark.Name != "Spark" || spark.Version != want {
			t.Errorf("%s: %v %v %+v, want Spark %s", label, ok, has, spark, want)
		}
	}
}

func TestReleases(t *testing.T) {
	t.Parallel()
	if _, ok := emrreleases.Find("emr-5.3.9"); ok {
		t.Error("emr-5.3.9 is a release")
	}
	old, _ := emrreleases.Find("emr-7.14.0")
	if _, ok := old.Application("Ganglia"); ok {
		t.Error("emr-7.14.0 has Ganglia")
	}
	if all := old.Applications(); len(all) < 20 || all[0].Name != "AmazonCloudWatchAgent" {
		t.Errorf("applications: %+v", all)
	}
	if labels := emrreleases.Labels(); !slices.Contains(labels, "emr-6.15.0") || slices.Index(labels, "emr-7.14.0") > slices.Index(labels, "emr-7.0.0") {
		t.Errorf("labels: %q", labels)
	}
}

func TestInstanceTypes(t *testing.T) {
	t.Parallel()
	find := func(label, name string) (emrreleases.InstanceType, bool) {
		r, _ := emrreleases.Find(label)
		all := r.InstanceTypes()
		i := slices.IndexFunc(all, func(t emrreleases.InstanceType) bool { return t.Name == name })
		if i < 0 {
			return emrreleases.InstanceType{}, false
		}
		return all[i], true
	}
	got, ok := find("emr-7.14.0", "m6gd.xlarge")
	if want := (emrreleases.InstanceType{Name: "m6gd.xlarge", VCPU: 4, MemoryMiB: 16384, ARM: true, StorageGB: 237}); !ok || got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, no := range [][2]string{{"emr-6.0.0", "m6g.xlarge"}, {"emr-5.29.0", "m6g.xlarge"}, {"emr-7.14.0", "t3.micro"}, {"emr-7.14.0", "m5.metal"}} {
		if _, ok := find(no[0], no[1]); ok {
			t.Errorf("%s supports %s", no[0], no[1])
		}
	}
	if _, ok := find("emr-5.30.0", "m6g.xlarge"); !ok {
		t.Error("emr-5.30.0 does not support Graviton")
	}
}
