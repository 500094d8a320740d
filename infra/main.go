// Command infra is the CDK app: cdk.json starts it, from the top folder.
package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"ephemr/infra/config"
	"ephemr/infra/stacks"
)

func main() {
	if err := run(os.Getenv("STAGE"), os.Getenv("EPHEMR_STAGES")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the stage's templates to the output folder of the CDK CLI. The stage
// and the folder of stage files of the context (-c stage=dev -c stages=DIR) take
// precedence over those of the environment. Without a folder the files are the
// embedded ones.
func run(stage, folder string) error {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	for key, value := range map[string]*string{"stage": &stage, "stages": &folder} {
		if given, ok := app.Node().TryGetContext(&key).(string); ok {
			*value = given
		}
	}
	var files config.Files
	if folder != "" {
		files = config.Folder(folder)
	}
	cfg, err := files.Load(cmp.Or(stage, "local"))
	if err != nil {
		return err
	}
	built := stacks.Built(cfg)
	if missing := built.Missing(); len(missing) > 0 {
		return fmt.Errorf("deploy stage %s: missing %s; run make build STAGE=%[1]s first", cfg.Stage, strings.Join(missing, ", "))
	}
	stacks.Add(app, cfg, built)
	app.Synth(nil)
	return nil
}
