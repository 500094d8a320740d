package pipeline_test

import (
	"fmt"

	"ephemr/internal/pipeline"
)

const flights = `
pipeline: flights
params: {country: {default: pt, allowed: [pt, es]}}
cluster: {profile: small}
jobs:
  - {name: clean, type: spark, source: jobs/clean, args: ["--day", "{{.LogicalDate}}", "{{.Params.country}}"]}
  - {name: publish, type: hive, source: jobs/publish, needs: [clean]}
checks:
  - {dataset: "{{.Lake.lake}}/flights/", rows: ">= 1", unique: [id]}
`

func ExampleParse() {
	_, err := pipeline.Parse("flights.yaml", []byte(`
pipeline: flights
cluster: {profile: small}
jobs:
  - {name: clean, type: sprak, source: jobs/clean}
  - {name: publish, type: hive, source: jobs/publish, needs: [claen]}
`))
	fmt.Println(err)
	// Output:
	// flights.yaml:5:25: jobs[0].type: unknown job type "sprak"; did you mean spark?
	// flights.yaml:6:63: jobs[1].needs[0]: there is no job "claen"; did you mean clean?
}

func ExampleSpec_RenderJob() {
	s, err := pipeline.Parse("flights.yaml", []byte(flights))
	if err != nil {
		panic(err)
	}
	params, err := s.ResolveParams(map[string]string{"country": "es"}, pipeline.Context{})
	if err != nil {
		panic(err)
	}
	job, err := s.RenderJob("clean", pipeline.Context{LogicalDate: "2026-11-30", Params: params})
	if err != nil {
		panic(err)
	}
	fmt.Println(job.Args)
	// Output: [--day 2026-11-30 es]
}

func ExampleNext() {
	s, err := pipeline.Parse("flights.yaml", []byte(flights))
	if err != nil {
		panic(err)
	}
	states := map[string]pipeline.JobState{}
	for {
		plan := pipeline.Next(s.AllJobs(), states)
		if plan.Done {
			break
		}
		fmt.Println("start", plan.Start)
		for _, name := range plan.Start {
			states[name] = pipeline.Succeeded
		}
	}
	// Output:
	// start [clean]
	// start [publish]
	// start [checks]
}
