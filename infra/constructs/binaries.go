package constructs

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

const settingsVariable = stage.Variable

// Binaries locates the build results that are deployed.
type Binaries struct {
	Dist    string // functions/<system>-<arch>/<name>/bootstrap and runner/<platform>/runner
	Scripts string // install-runner.sh
	System  string // of the functions: GOOS
	Arch    string // of the functions: GOARCH

	// Runners are the platforms of the runner: uname -m on a cluster -> <GOOS>-<GOARCH>.
	Runners map[string]string

	Version string // of the build; doctor compares it with the CLI's
}

// Missing lists files that have not been built. CDK panics on the first one.
func (b Binaries) Missing() []string {
	needed := []string{b.bootstrap(), filepath.Join(b.Dist, "functions", b.System+"-"+b.Arch)}
	for _, machine := range sortedKeys(b.Runners) {
		needed = append(needed, b.runner(machine))
	}
	return slices.DeleteFunc(needed, func(path string) bool {
		_, err := os.Stat(path)
		return err == nil
	})
}

func (b Binaries) bootstrap() string { return filepath.Join(b.Scripts, "install-runner.sh") }

func (b Binaries) runner(machine string) string {
	return filepath.Join(b.Dist, "runner", b.Runners[machine], "runner")
}

func (b Binaries) architecture() awslambda.Architecture {
	if b.Arch == "arm64" {
		return awslambda.Architecture_ARM_64()
	}
	return awslambda.Architecture_X86_64()
}

func (b Binaries) function(name string) awslambda.Code {
	return awslambda.Code_FromAsset(new(filepath.Join(b.Dist, "functions", b.System+"-"+b.Arch, name)), nil)
}

// Runner is what clusters need to execute packages: the runner for each platform
// and the script that installs it.
type Runner struct {
	Bootstrap string            // s3:// address
	Runners   map[string]string // machine -> s3:// address

	objects []*string // ARNs
	key     string    // ARN of the KMS key of the bucket that they are in; "" = S3's own
}

// NewRunner uploads the runner with the stack.
func NewRunner(scope constructs.Construct, id string, stage Stage, from Binaries) *Runner {
	scope = constructs.NewConstruct(scope, &id)
	r := &Runner{Runners: map[string]string{}, key: stage.Keys.Bootstrap}
	r.Bootstrap = r.upload(scope, "Bootstrap", from.bootstrap())
	for _, machine := range sortedKeys(from.Runners) {
		r.Runners[machine] = r.upload(scope, machine, from.runner(machine))
	}
	return r
}

func (r *Runner) upload(scope constructs.Construct, id, path string) string {
	asset := awss3assets.NewAsset(scope, &id, &awss3assets.AssetProps{Path: &path})
	r.objects = append(r.objects, asset.Bucket().ArnForObjects(asset.S3ObjectKey()))
	return *asset.S3ObjectUrl()
}

func (r *Runner) grantRead(to Rights) {
	to.allow(statement(of("s3", "GetObject"), r.objects, nil))
	if r.key != "" {
		useKey(to, r.key, "Decrypt")
	}
}
