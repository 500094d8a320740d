package deploy

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// cdk runs the CDK CLI that the release pins.
type cdk struct {
	root   string // of the release
	region string // of the stage; "" = that of the credentials
	out    io.Writer
}

// Install installs the CLI if it is missing.
func (c cdk) Install(ctx context.Context) error {
	return c.start(ctx, "scripts/setup", filepath.Join(c.root, "scripts", "setup"), "only", "node")
}

// Run runs a command of the CLI. Notices of the CDK are about the CLI, which the user does not choose.
func (c cdk) Run(ctx context.Context, command string, args ...string) error {
	program := filepath.Join(c.root, ".tools", "node", "node_modules", ".bin", "cdk")
	return c.start(ctx, "cdk "+command, program, append([]string{command, "--no-notices"}, args...)...)
}

func (c cdk) start(ctx context.Context, name, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...) //nolint:gosec // of our release
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.root, c.out, c.out
	node := filepath.Join(c.root, ".tools", "node", "node_modules", ".bin")
	cmd.Env = append(
		os.Environ(), "PATH="+node+string(os.PathListSeparator)+os.Getenv("PATH"), "CDK_DISABLE_CLI_TELEMETRY=true",
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1", "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION=1",
	)
	if c.region != "" {
		cmd.Env = append(cmd.Env, "AWS_REGION="+c.region, "AWS_DEFAULT_REGION="+c.region)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
