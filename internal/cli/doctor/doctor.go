// Package doctor is ephemr doctor: it checks what the other commands depend on,
// from credentials to quotas, and reports how to fix problems.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ephemr/internal/cli/exit"
	"ephemr/internal/cli/session"
	"ephemr/internal/cli/terminal"
	"ephemr/internal/fault"
	"ephemr/internal/stage"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Verdict is the result of a check.
type Verdict string

// The verdicts. Only Failed makes the exit code 1.
const (
	OK      Verdict = "ok"
	Warning Verdict = "warning"
	Failed  Verdict = "failed"
	Unknown Verdict = "unknown" // could not be determined
)

// Finding is one line; -o json prints an array of them.
type Finding struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Found   string  `json:"found"`
	Do      string  `json:"do,omitempty"` // how to fix it
}

// Options of the command.
type Options struct {
	Stage   string // "" = none was given
	Version string // of this program
	Getenv  func(string) string
	Timeout time.Duration // of each check
	JSON    bool
}

// Open returns the AWS configuration and clients.
type Open func(ctx context.Context) (aws.Config, Clients, error)

// DefaultTimeout is the time limit of a check.
const DefaultTimeout = 10 * time.Second

// Run performs the checks that depend on each other in order, and the others
// concurrently.
func Run(ctx context.Context, o Options, io *terminal.IO, open Open) error {
	if o.Timeout <= 0 {
		return exit.Usage("invalid --timeout %s: must be positive", o.Timeout)
	}
	d := &doctor{Options: o, io: io}
	d.all(ctx, open)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if o.JSON {
		if err := io.JSON(d.found); err != nil {
			return err
		}
	}
	failed, warnings := d.count(Failed), d.count(Warning)
	if failed+warnings > 0 {
		io.Notef("%d failed, %s\n", failed, terminal.Count(warnings, "warning"))
	} else {
		io.Notef("no problems found\n")
	}
	if failed > 0 {
		return exit.Silent(exit.CodeFailed)
	}
	return nil
}

type doctor struct {
	Options
	io    *terminal.IO
	cfg   aws.Config
	with  Clients
	found []Finding

	account  string
	settings stage.Settings
}

// check is a named check.
type check struct {
	name string
	run  func(ctx context.Context, name string) []Finding
}

func (d *doctor) all(ctx context.Context, open Open) {
	first := []check{
		{"configuration", func(ctx context.Context, name string) []Finding { return d.configuration(ctx, name, open) }},
		{"laptop", d.laptop},
		{"credentials", d.credentials},
		{"stage", d.stage},
	}
	for _, c := range first {
		if !d.report(d.one(ctx, c)) {
			return // the later checks depend on it
		}
	}
	rest := []check{
		{"version", d.version},
		{"tables", d.tables},
		{"records", d.records},
		{"queues", d.queues},
		{"workflow", d.workflow},
		{"functions", d.functions},
		{"profiles", d.profiles},
		{"EC2 quotas", d.instances},
		{"EMR quotas", d.clusters},
		{"public access", d.publicAccess},
	}
	if !d.local() {
		rest = append(rest, []check{
			{"EMR releases", d.releases},
			{"types", d.types},
			{"network", d.network},
			{"linked roles", d.linkedRoles},
			{"concurrency", d.concurrency},
			{"Glue", d.database},
			{"Lake Formation", d.lakeFormation},
			{"keys", d.keys},
			{"workgroups", d.workgroups},
			{"streams", d.streams},
			{"VPN", d.vpn},
		}...)
	}
	if len(d.settings.Sources) > 0 {
		rest = append(rest, check{"sources", d.sources})
	}
	if len(d.settings.Costs.Budgets) > 0 {
		rest = append(rest, check{"budgets", d.budgets})
	}
	answers := make([]chan []Finding, len(rest))
	for i, c := range rest {
		answers[i] = make(chan []Finding, 1)
		go func() { answers[i] <- d.one(ctx, c) }()
	}
	for _, a := range answers {
		d.report(<-a)
	}
}

// local reports whether the Region is a laptop's, which has no account's limits.
func (d *doctor) local() bool {
	url := d.Getenv("AWS_ENDPOINT_URL")
	return strings.HasPrefix(url, "http://127.0.0.1:") || strings.HasPrefix(url, "http://localhost:")
}

func (d *doctor) one(ctx context.Context, c check) []Finding {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	return c.run(ctx, c.name)
}

// report prints findings; false if one of them failed.
func (d *doctor) report(findings []Finding) bool {
	good := true
	for _, f := range findings {
		good = good && f.Verdict != Failed
		d.found = append(d.found, f)
		if d.JSON {
			continue
		}
		text := f.Found
		if f.Do != "" {
			text += "; " + f.Do
		}
		d.io.Printf("%s  %-14s  %s\n", d.mark(f.Verdict), f.Check, terminal.OneLine(strings.ReplaceAll(text, "\n", ", ")))
	}
	return good
}

func (d *doctor) mark(v Verdict) string {
	style := d.io.OutStyle()
	switch v {
	case OK:
		return style.Green("ok     ")
	case Warning:
		return style.Yellow("warning")
	case Failed:
		return style.Red("failed ")
	case Unknown:
	}
	return style.Dim("unknown")
}

func (d *doctor) count(v Verdict) int {
	n := 0
	for _, f := range d.found {
		if f.Verdict == v {
			n++
		}
	}
	return n
}

func late(err error) bool { return errors.Is(err, context.DeadlineExceeded) }

func ok(name, format string, args ...any) []Finding {
	return []Finding{{Check: name, Verdict: OK, Found: fmt.Sprintf(format, args...)}}
}

// wrong returns the finding for an AWS error. A missing permission to check is
// not a failure.
func (d *doctor) wrong(name string, err error) []Finding {
	f := Finding{Check: name, Verdict: Failed}
	if late(err) {
		f.Found, f.Do = fmt.Sprintf("no response within %s", d.Timeout), "check the network and retry, or set a longer --timeout"
		return []Finding{f}
	}
	f.Found, f.Do, _ = strings.Cut(session.Explain(err, d.Getenv).Error(), "; ")
	switch fault.Code(err) {
	case "AccessDenied", "AccessDeniedException", "AccessDeniedFault", "AuthorizationError", "UnauthorizedOperation":
		f.Verdict = Unknown
	}
	return []Finding{f}
}
