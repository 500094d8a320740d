package constructs

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"

	"ephemr/internal/stage"
)

const settingsVariable = stage.Variable

// Binaries says where what is deployed has been built.
type Binaries struct {
	Dist    string // functions/<arch>/<name>/bootstrap and runner/<machine>/runner
	Scripts string // install-runner.sh
	Arch    string // of the functions: GOARCH
}

func (b Binaries) architecture() awslambda.Architecture {
	if b.Arch == "arm64" {
		return awslambda.Architecture_ARM_64()
	}
	return awslambda.Architecture_X86_64()
}

func (b Binaries) function(name string) awslambda.Code {
	return awslambda.Code_FromAsset(new(filepath.Join(b.Dist, "functions", b.Arch, name)), nil)
}

// machines are the clusters' architectures, as uname -m calls them.
var machines = []string{"aarch64", "x86_64"}

// Runner is what clusters need to execute packages: a script that installs
// the runner, and the runner for each machine.
type Runner struct {
	Bootstrap string            // s3:// address
	Runners   map[string]string // machine -> s3:// address

	objects []*string // ARNs
}

// NewRunner uploads the runner with the stack.
func NewRunner(scope constructs.Construct, id string, from Binaries) *Runner {
	scope = constructs.NewConstruct(scope, &id)
	r := &Runner{Runners: map[string]string{}}
	r.Bootstrap = r.upload(scope, "Bootstrap", filepath.Join(from.Scripts, "install-runner.sh"))
	for _, machine := range machines {
		r.Runners[machine] = r.upload(scope, machine, filepath.Join(from.Dist, "runner", machine, "runner"))
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
}
