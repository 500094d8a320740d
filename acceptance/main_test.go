// Package acceptance holds what a user sees of the whole: the binaries, the
// deployed stacks and real steps, on a region of its own on this machine.
//
// It needs what make build makes. With EPHEMR_REGION set to the directory of a
// region that runs (.local after make up deploy), that one is used and left
// running. go test -short plays only the scripts that need no region, with an
// ephemr that it builds itself.
package acceptance_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/emr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"ephemr/internal/local/laptop"
	"ephemr/internal/local/laptop/demo"
	"ephemr/internal/run/store"
	"ephemr/internal/stage"
)

// world is the region under test and the clients that look into it.
type world struct {
	region   *laptop.Region
	settings stage.Settings
	runs     *store.Runs
	s3       *s3.Client
	sqs      *sqs.Client
	sfn      *sfn.Client
	emr      *emr.Client
}

// w is made once by TestMain: bringing a region up takes longer than most tests.
var w *world

// program is the ephemr under test.
var program string

// sideBySide is how many tests run at a time, unless -parallel is given: most of their
// time they wait, for clusters, windows and ticks.
const sideBySide = "4"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		os.Exit(1)
	}
	flag.Parse()
	runTests := onRegion
	if testing.Short() {
		runTests = withoutRegion
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "acceptance:", err)
		code = 1
	}
	os.Exit(code)
}

// withoutRegion runs the tests that need none.
func withoutRegion(m *testing.M) (code int, err error) {
	if err := flag.Set("test.run", "^(TestScriptsWithoutRegion|TestNormal)$"); err != nil {
		return 1, fmt.Errorf("choose tests: %w", err)
	}
	bin, err := os.MkdirTemp("", "ephemr-bin-")
	if err != nil {
		return 1, fmt.Errorf("make directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(bin)) }()
	program = filepath.Join(bin, "ephemr")
	build := exec.Command("go", "build", "-o", program, "../cmd/ephemr") //nolint:gosec,noctx // our own; go test ends it
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build ephemr: %w\n%s", err, out)
	}
	return m.Run(), nil
}

func onRegion(m *testing.M) (code int, err error) {
	ctx := context.Background()
	region, down, err := open(ctx)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, down()) }()
	program = filepath.Join(region.Root, "dist", "bin", "ephemr")
	if w, err = look(ctx, region); err != nil {
		return 1, err
	}
	code = m.Run()
	if os.Getenv("EPHEMR_REGION") == "" { // else the functions do not record their calls
		err = checkRights(ctx, w)
	}
	return code, err
}

// open brings a region up, or finds the one that the developer keeps.
func open(ctx context.Context) (*laptop.Region, func() error, error) {
	if dir := os.Getenv("EPHEMR_REGION"); dir != "" {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join("..", dir) // as seen from the root of the checkout
		}
		r, err := laptop.Open(ctx, laptop.Options{Dir: dir})
		return r, func() error { return nil }, err
	}
	dir, err := os.MkdirTemp("", "ephemr-acceptance-")
	if err != nil {
		return nil, nil, fmt.Errorf("make directory: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	region, err := laptop.Up(ctx, laptop.Options{
		Dir: dir, Log: os.Stderr, Provision: 300 * time.Millisecond,
		// The functions have the rights that they are deployed with, and no others.
		Environ: []string{"AUTH=true", recordCalls(dir)},
	})
	if err != nil {
		return nil, nil, err
	}
	down := func() error {
		return errors.Join(region.Down(context.WithoutCancel(ctx)), os.RemoveAll(dir))
	}
	if err := region.Deploy(ctx); err != nil {
		return nil, nil, errors.Join(err, down())
	}
	if err := demo.Declare(ctx, region); err != nil {
		return nil, nil, errors.Join(err, down())
	}
	return region, down, nil
}

func look(ctx context.Context, region *laptop.Region) (*world, error) {
	cfg := region.Config()
	out, err := ssm.NewFromConfig(cfg).GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(stage.ParameterName(laptop.Stage))})
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	settings, err := stage.Parse(*out.Parameter.Value)
	if err != nil {
		return nil, err
	}
	return &world{
		region: region, settings: settings,
		runs: &store.Runs{DB: dynamodb.NewFromConfig(cfg), Table: settings.RunsTable},
		s3:   s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		sqs:  sqs.NewFromConfig(cfg), sfn: sfn.NewFromConfig(cfg),
		emr: emr.NewFromConfig(cfg, func(o *emr.Options) { o.BaseEndpoint = &region.EMR }),
	}, nil
}
