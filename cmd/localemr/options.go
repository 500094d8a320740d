package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"ephemr/internal/local/localemr"
)

type options struct {
	addr, addrFile string
	data, bin      string
	eventSource    string
	account        string
	region         string
	faultsFile     string
	settings       localemr.Settings
}

// parse reads the flags; usage and errors go to w.
func parse(args []string, w io.Writer) (*options, error) {
	o := &options{settings: localemr.DefaultSettings()}
	f := flag.NewFlagSet("localemr", flag.ContinueOnError)
	f.SetOutput(w)
	f.StringVar(&o.addr, "addr", "127.0.0.1:0", "address to listen on; use the loopback interface only: steps execute arbitrary commands")
	f.StringVar(&o.addrFile, "addr-file", "", "file to write host:port to once the server listens")
	f.StringVar(&o.data, "data", "", "directory for the state and the clusters' work directories (required)")
	f.StringVar(&o.bin, "bin", "", "directory to prepend to the steps' PATH")
	f.StringVar(&o.eventSource, "event-source", "local.emr", "source of the events; aws.emr is reserved for AWS")
	f.StringVar(&o.account, "account", "000000000000", "account id in ARNs")
	f.StringVar(&o.region, "region", "", "Region in ARNs and host names (default: Region of the AWS configuration, else us-east-1)")
	f.StringVar(&o.faultsFile, "faults", "", "JSON file with a list of faults")
	duration(f, &o.settings.Provision, "provision", "time that a cluster is STARTING")
	duration(f, &o.settings.Jitter, "jitter", "maximum random time added to -provision")
	duration(f, &o.settings.Bootstrap, "bootstrap", "time that a cluster is BOOTSTRAPPING, without its bootstrap actions")
	duration(f, &o.settings.TerminateGrace, "terminate-grace", "time between SIGTERM and SIGKILL when a cluster terminates")
	duration(f, &o.settings.IdleSecond, "idle-second", "duration of one second of an auto-termination policy")
	f.BoolVar(&o.settings.Throttle, "throttle", false, "throttle API calls by EMR's token buckets")
	f.Uint64Var(&o.settings.Seed, "seed", 1, "seed of jitter, choice of subnets and random faults")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	return o, o.validate(f.Args())
}

func (o *options) validate(rest []string) error {
	if len(rest) > 0 {
		return fmt.Errorf("read flags: unexpected argument %q", rest[0])
	}
	if o.data == "" {
		return errors.New("read flags: -data is required")
	}
	return nil
}

func duration(f *flag.FlagSet, d *localemr.Duration, name, usage string) {
	f.DurationVar((*time.Duration)(d), name, time.Duration(*d), usage)
}
