package stacks_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/cdklabs/cdk-nag-go/cdknag/v2"

	"ephemr/infra/config"
	"ephemr/infra/constructs"
	"ephemr/infra/golden"
	"ephemr/infra/stacks"
	"ephemr/statemachines"
)

var update = flag.Bool("update", false, "rewrite golden files")

// folders are those of functions/, sorted.
func folders() []string {
	var names []string
	for _, f := range config.Functions() {
		names = append(names, f.Folder())
	}
	slices.Sort(names)
	return names
}

// full has everything that a stage can have: customer managed keys, a user, a network.
var full *stage

// wholeLake has the lake of a stage file of one word, and governed one whose tables are in Lake Formation.
var wholeLake, governed *stage

// networks are the network stacks of variants of full.
var networks map[string]*stage

// delivery is full with the provider of its account.
var delivery *stage

// stages are the synthesized stages by name. All tests share one Node.js process,
// which serves one call at a time, so the stages are synthesized before them.
var stages map[string]*stage

// synthesized is the folder with a folder of templates for each stage.
var synthesized string

// TestMain synthesizes every stage once, with placeholder files as binaries.
func TestMain(m *testing.M) { os.Exit(testAll(m)) }

func testAll(m *testing.M) int {
	defer jsii.Close()
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipped: templates need Node.js and half a minute")
		return 0
	}
	dir, err := os.MkdirTemp("", "ephemr-infra")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	synthesized = dir
	defer os.RemoveAll(dir) //nolint:errcheck // the system clears its temporary folder
	if stages, err = synth(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// stage is a stage's configuration and templates.
type stage struct {
	config    config.Config
	templates map[string]template // by stack: lake, platform, triggers
	findings  []finding           // of cdk-nag
}

type template struct {
	Resources map[string]resource
	Outputs   map[string]any
	golden    golden.Template
}

type resource struct {
	Type           string
	Properties     map[string]any
	DependsOn      []string
	DeletionPolicy string

	UpdateReplacePolicy string
}

func synth(dir string) (map[string]*stage, error) {
	built := constructs.Binaries{Dist: dir, Scripts: dir, System: "linux", Arch: "arm64", Runners: map[string]string{"aarch64": "linux-arm64", "x86_64": "linux-amd64"}, Version: "v1.2.3"}
	if err := standIns(built); err != nil {
		return nil, err
	}
	context, err := cdkContext()
	if err != nil {
		return nil, err
	}
	all := map[string]*stage{}
	// The stage of scripts/aws-proof has the shape of dev: parsing its file is enough.
	names := slices.DeleteFunc(config.Stages(), func(name string) bool { return name == "proof" })
	for _, name := range append(names, strict, exact, "full") {
		cfg, err := load(name)
		if err != nil {
			return nil, err
		}
		app := awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: new(filepath.Join(dir, name)), AnalyticsReporting: new(false)})
		stacks.Add(app, cfg, built)
		if cfg.EnforceTLS { // the local stage lacks what the rules require
			awscdk.Aspects_Of(app).Add(cdknag.NewAwsSolutionsChecks(&cdknag.NagPackProps{Reports: new(false)}), nil)
		}
		app.Synth(nil)
		if all[name], err = readAll(app, cfg, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	full = all["full"]
	delete(all, "full") // other tests compare exact permissions
	if wholeLake, err = synthLake(dir, "tiny", "lake:\n"); err != nil {
		return nil, err
	}
	if governed, err = synthLake(dir, "governed", governedLake); err != nil {
		return nil, err
	}
	networks, err = synthNetworks(full.config, dir)
	if err == nil {
		delivery, err = synthDelivery(full.config, dir)
	}
	return all, err
}

// synthLake synthesizes the lake's stack of a stage file.
func synthLake(dir, name, file string) (*stage, error) {
	cfg, err := config.Parse(name, name+".yaml", []byte(file))
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, name)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &out, AnalyticsReporting: new(false)})
	stacks.NewLake(awscdk.NewStack(app, new(cfg.Name("lake")), nil), constructs.Stage{Config: cfg})
	app.Synth(nil)
	return readAll(app, cfg, out)
}

// synthDelivery synthesizes the delivery's stack of a stage whose account has a provider.
func synthDelivery(cfg config.Config, dir string) (*stage, error) {
	d := *cfg.Delivery
	d.Provider, cfg.Delivery = githubProvider, &d
	out := filepath.Join(dir, "delivery")
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: &out, AnalyticsReporting: new(false)})
	s := constructs.Stage{Config: cfg}
	lake := stacks.NewLake(awscdk.NewStack(app, new(cfg.Name("lake")), nil), s)
	stacks.NewDelivery(awscdk.NewStack(app, new(cfg.Name("delivery")), nil), s, lake)
	app.Synth(nil)
	return readAll(app, cfg, out)
}

// synthNetworks synthesizes the network stacks of variants of a stage.
func synthNetworks(cfg config.Config, dir string) (map[string]*stage, error) {
	all := map[string]*stage{"full": full}
	for name, network := range networkVariants {
		cfg.Network = &network
		out := filepath.Join(dir, "network-"+name)
		app := awscdk.NewApp(&awscdk.AppProps{Outdir: &out, AnalyticsReporting: new(false)})
		stacks.NewNetwork(awscdk.NewStack(app, new(cfg.Name("network")), nil), constructs.Stage{Config: cfg})
		app.Synth(nil)
		var err error
		if all[name], err = readAll(app, cfg, out); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// readAll reads the stacks of an app, which are in folder out.
func readAll(app awscdk.App, cfg config.Config, out string) (*stage, error) {
	s := &stage{config: cfg, templates: map[string]template{}}
	for _, child := range *app.Node().Children() {
		stack, ok := child.(awscdk.Stack)
		if !ok {
			continue
		}
		t, err := read(stack, cfg, out)
		if err != nil {
			return nil, err
		}
		s.templates[strings.TrimPrefix(*stack.StackName(), cfg.Name(""))] = t
		findings, err := readFindings(out, *stack.StackName())
		if err != nil {
			return nil, err
		}
		s.findings = append(s.findings, findings...)
	}
	return s, nil
}

// Variants of stages.
const (
	strict = "strict" // dev, but every run needs a user
	exact  = "exact"  // local, but with the rights that stages on AWS have
)

func load(name string) (config.Config, error) {
	switch name {
	case exact:
		cfg, err := config.Load("local")
		cfg.CoarseRights = false
		return cfg, err
	case strict:
		return loadVariant(name)
	case "full":
		return config.Folder("../config/testdata").Load(name)
	}
	return config.Load(name)
}

// loadVariant is dev with other access.
func loadVariant(name string) (config.Config, error) {
	data, err := os.ReadFile("../config/dev.yaml")
	if err != nil {
		return config.Config{}, err
	}
	access, err := os.ReadFile(filepath.Join("testdata", name+".yaml")) //nolint:gosec // of this package
	if err != nil {
		return config.Config{}, err
	}
	return config.Parse(name, name+".yaml", bytes.Replace(data, []byte("access: {required: false}\n"), access, 1))
}

// standIns writes a placeholder for each binary of the build.
func standIns(built constructs.Binaries) error {
	files := []string{filepath.Join(built.Scripts, "install-runner.sh")}
	for _, platform := range built.Runners {
		files = append(files, filepath.Join(built.Dist, "runner", platform, "runner"))
	}
	for _, name := range folders() {
		files = append(files, filepath.Join(built.Dist, "functions", built.System+"-"+built.Arch, name, "bootstrap"))
	}
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(strings.TrimPrefix(file, built.Dist)), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// cdkContext reads the feature flags that the CDK CLI passes on.
func cdkContext() (map[string]any, error) {
	data, err := os.ReadFile("../../cdk.json")
	if err != nil {
		return nil, err
	}
	var file struct{ Context map[string]any }
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("read cdk.json: %w", err)
	}
	// Findings of nag are errors of the synthesis otherwise; TestNag checks them.
	file.Context["@aws-cdk/core:annotationsInValidationReport"] = false
	return file.Context, nil
}

// read reads the template of a stack, which is in folder out with the list of its assets.
func read(stack awscdk.Stack, cfg config.Config, out string) (template, error) {
	var t template
	data, err := os.ReadFile(filepath.Join(out, *stack.StackName()+".template.json")) //nolint:gosec // in our own temporary folder
	if err != nil {
		return t, err
	}
	assets, err := assetNames(filepath.Join(out, *stack.StackName()+".assets.json"))
	if err != nil {
		return t, err
	}
	t.golden, err = golden.Normalise(data, golden.Options{
		Stage: cfg.Stage, Account: cfg.Account, Region: cfg.Region, Assets: assets,
		Documents: map[string]string{statemachines.Run: "statemachines/run.asl.json"},
	})
	return t, errors.Join(err, json.Unmarshal(data, &t))
}

// assetNames maps hashes of a stack's assets to the constructs that they belong to.
func assetNames(file string) (map[string]string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // in our own temporary folder
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Files map[string]struct{ DisplayName string }
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	names := map[string]string{}
	for hash, asset := range manifest.Files {
		names[hash] = asset.DisplayName
	}
	return names, nil
}

// all returns every resource of the stage of the given type, sorted by name.
func (s *stage) all(kind string) []resource {
	var found []resource
	for _, stack := range slices.Sorted(maps.Keys(s.templates)) {
		t := s.templates[stack]
		for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
			if t.Resources[id].Type == kind {
				found = append(found, t.Resources[id])
			}
		}
	}
	return found
}

// global is the name of a resource of IAM, with a reference to the Region unless the stage has a fixed one.
func (s *stage) global(what string) string {
	return s.config.GlobalName(what, cmp.Or(s.config.Region, "${AWS::Region}"))
}

// each runs a test for every stage.
func each(t *testing.T, test func(t *testing.T, s *stage)) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(stages)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, stages[name])
		})
	}
}

// withFull are the stages and full.
func withFull() map[string]*stage {
	all := maps.Clone(stages)
	if full != nil {
		all["full"] = full
	}
	return all
}
