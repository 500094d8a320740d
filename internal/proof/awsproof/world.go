package awsproof

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ephemr/internal/cli/session"
	"ephemr/internal/local/laptop"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// world is the stage under test, and clients of its services.
type world struct {
	local    bool
	root     string // checkout
	work     string // directory for job sources
	environ  []string
	config   aws.Config
	account  string
	region   string
	caller   string // unique id, as SQS reports senders
	nonce    string // in the name of everything that the probes make
	every    time.Duration
	settings stage.Settings
	deployed bool // by this program: destroy it

	runs *store.Runs
	s3   *s3.Client
	emr  *emr.Client
	sfn  *sfn.Client

	mu  sync.Mutex
	out io.Writer
}

// open connects to the account or the region.
func open(ctx context.Context, o Options) (*world, error) {
	w := &world{local: o.Region != nil, root: o.Root, out: o.Log, nonce: strings.ToLower(rand.Text()[:6]), every: 5 * time.Second}
	if w.local {
		w.root, w.config, w.every = o.Region.Root, o.Region.Config(), 250*time.Millisecond
		w.environ = laptop.Overlay(os.Environ(), o.Region.Environ())
		w.emr = emr.NewFromConfig(w.config, func(e *emr.Options) { e.BaseEndpoint = &o.Region.EMR })
	} else {
		var err error
		if w.config, err = session.Config(ctx); err != nil {
			return nil, err
		}
		w.environ = append(os.Environ(), "EPHEMR_STAGE="+Stage, "AWS_REGION="+w.config.Region, "AWS_DEFAULT_REGION="+w.config.Region)
		w.emr = emr.NewFromConfig(w.config)
	}
	tools := filepath.Join(w.root, ".tools")
	w.environ = append(w.environ, "PATH="+strings.Join([]string{
		filepath.Join(w.root, "dist", "bin"), filepath.Join(tools, "bin"), filepath.Join(tools, "venv", "bin"),
		filepath.Join(tools, "node", "node_modules", ".bin"), os.Getenv("PATH"),
	}, string(os.PathListSeparator)))
	w.s3 = s3.NewFromConfig(w.config, func(s *s3.Options) { s.UsePathStyle = w.local })
	w.sfn = sfn.NewFromConfig(w.config)
	w.region = w.config.Region
	who, err := sts.NewFromConfig(w.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("get the identity of the AWS credentials: %w", err)
	}
	w.account, w.caller = aws.ToString(who.Account), aws.ToString(who.UserId)
	if w.work, err = os.MkdirTemp("", "awsproof-"); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	return w, nil
}

// Identify returns the account and the Region that the environment selects.
func Identify(ctx context.Context, o Options) (account, region string, err error) {
	w, err := open(ctx, o)
	if err != nil {
		return "", "", err
	}
	return w.account, w.region, os.RemoveAll(w.work)
}

// ready deploys the stage, unless the region has one, and reads its settings.
func (w *world) ready(ctx context.Context) error {
	name := laptop.Stage
	if !w.local {
		name = Stage
		if err := w.deploy(ctx); err != nil {
			return err
		}
	}
	var err error
	if w.settings, err = session.Load(ctx, ssm.NewFromConfig(w.config), name); err != nil {
		return err
	}
	w.runs = &store.Runs{DB: dynamodb.NewFromConfig(w.config), Table: w.settings.RunsTable}
	return nil
}

// close removes what the probes, and with a real account the stage, have left, and
// returns what is still there.
func (w *world) close(ctx context.Context) (left []string, err error) {
	if w.deployed {
		err = w.destroy(ctx)
	} else {
		err = w.clusters().terminate(ctx, w.every)
	}
	left, listed := w.leftovers(ctx)
	return left, errors.Join(err, listed, os.RemoveAll(w.work))
}

// log writes one line of progress.
func (w *world) log(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, _ = fmt.Fprintf(w.out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// exec runs a program in the checkout, or in dir, and returns its standard output.
func (w *world) exec(ctx context.Context, dir, program string, args ...string) (string, error) {
	path, err := w.find(program)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // our own tools
	var out, errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, w.environ, &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal does not reach the destruction
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = time.Minute
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(errs.String())
		if text == "" {
			text = strings.TrimSpace(out.String())
		}
		return out.String(), fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, text[max(0, len(text)-1500):])
	}
	return out.String(), nil
}

// find looks a program up in the PATH of w.
func (w *world) find(program string) (string, error) {
	if strings.Contains(program, "/") {
		return filepath.Join(w.root, program), nil
	}
	path, _ := strings.CutPrefix(w.environ[len(w.environ)-1], "PATH=")
	for _, dir := range filepath.SplitList(path) {
		if info, err := os.Stat(filepath.Join(dir, program)); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return filepath.Join(dir, program), nil
		}
	}
	return "", fmt.Errorf("find program %s: it is not installed; run scripts/setup", program)
}

// until asks every w.every until the answer is yes, or ctx ends.
func (w *world) until(ctx context.Context, what string, ask func() (bool, error)) error {
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		done, err := ask()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
}
