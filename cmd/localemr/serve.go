package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ephemr/internal/local/localemr"
	"ephemr/internal/processtree"
)

const (
	readTimeout     = 30 * time.Second
	reapInterval    = 5 * time.Second
	drainTimeout    = 300 * time.Millisecond
	credentialsWait = 2 * time.Second
)

// serve runs until ctx is done; then it stops the steps and keeps the state.
func serve(ctx context.Context, o *options) error {
	cfg, err := configure(ctx, o)
	if err != nil {
		return err
	}
	if err := processtree.AdoptOrphans(ctx, reapInterval); err != nil {
		return err
	}
	cfg.Adopts = true
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", o.addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	cfg.URL = "http://" + listener.Addr().String()
	emr, err := localemr.New(cfg) //nolint:contextcheck // Close ends it, after the last request
	if err != nil {
		return errors.Join(fmt.Errorf("start localemr: %w", err), listener.Close())
	}
	server := &http.Server{Handler: emr.Handler(), ReadHeaderTimeout: readTimeout}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	err = announce(ctx, o.addrFile, listener.Addr().String())
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if server.Shutdown(drain) != nil {
		_ = server.Close() // what has not ended by now is cut off
	}
	return errors.Join(err, emr.Close())
}

func announce(ctx context.Context, file, addr string) error {
	slog.InfoContext(ctx, "listening", "addr", addr)
	if file == "" {
		return nil
	}
	return localemr.WriteFileAtomically(file, []byte(addr+"\n"))
}

func configure(ctx context.Context, o *options) (localemr.Config, error) {
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return localemr.Config{}, fmt.Errorf("load AWS configuration: %w", err)
	}
	if o.region == "" {
		o.region = sdk.Region
	}
	if sdk.Region == "" {
		sdk.Region = "us-east-1"
	}
	cfg := localemr.Config{
		Data: o.data, Bin: o.bin, Environ: environ(ctx, sdk), Region: o.region, Account: o.account,
		Objects:     s3.NewFromConfig(sdk, func(opts *s3.Options) { opts.UsePathStyle = true }),
		Events:      eventbridge.NewFromConfig(sdk),
		Roles:       sts.NewFromConfig(sdk),
		Network:     ec2.NewFromConfig(sdk),
		EventSource: o.eventSource, Settings: o.settings, Logger: slog.Default(),
	}
	if o.faultsFile != "" {
		cfg.Faults, err = localemr.ReadFaults(o.faultsFile)
	}
	return cfg, err
}

// environ is what steps inherit. They have another HOME, so what the SDK found
// in files below HOME is put into variables.
func environ(ctx context.Context, sdk aws.Config) []string {
	env := append(os.Environ(), "AWS_REGION="+sdk.Region, "AWS_DEFAULT_REGION="+sdk.Region)
	if sdk.BaseEndpoint != nil {
		env = append(env, "AWS_ENDPOINT_URL="+*sdk.BaseEndpoint)
	}
	ctx, cancel := context.WithTimeout(ctx, credentialsWait)
	defer cancel()
	keys, err := sdk.Credentials.Retrieve(ctx)
	if err != nil {
		slog.WarnContext(ctx, "no AWS credentials for steps", "error", err)
		return env
	}
	env = append(env, "AWS_ACCESS_KEY_ID="+keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+keys.SecretAccessKey)
	if keys.SessionToken != "" {
		env = append(env, "AWS_SESSION_TOKEN="+keys.SessionToken)
	}
	return env
}
