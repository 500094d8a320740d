// Command infra is the CDK app: cdk.json starts it, from the top folder.
package main

import (
	"cmp"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"ephemr/infra/config"
	"ephemr/infra/constructs"
	"ephemr/infra/stacks"
)

func main() { os.Exit(run(os.Getenv("STAGE"), os.Stderr)) }

// run writes the stage's templates to where the CDK CLI wants them. The
// context's stage (-c stage=dev) goes before the environment's.
func run(stage string, stderr io.Writer) int {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	if given, ok := app.Node().TryGetContext(new("stage")).(string); ok {
		stage = given
	}
	cfg, err := config.Load(cmp.Or(stage, "local"))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	stacks.Add(app, cfg, constructs.Binaries{Dist: "dist", Scripts: "scripts", Arch: stacks.Architecture(cfg)})
	app.Synth(nil)
	return 0
}
