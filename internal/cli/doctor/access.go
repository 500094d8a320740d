package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"ephemr/internal/cli/terminal"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// IdentityAPI returns the identity of the caller.
type IdentityAPI interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// HTTPAPI calls the health endpoints of a local region.
type HTTPAPI interface {
	Do(*http.Request) (*http.Response, error)
}

func (d *doctor) configuration(ctx context.Context, name string, open Open) []Finding {
	var err error
	if d.cfg, d.with, err = open(ctx); err != nil {
		return d.wrong(name, err)
	}
	text := "region " + d.cfg.Region
	for _, variable := range []string{"AWS_PROFILE", "AWS_ENDPOINT_URL"} {
		if value := d.Getenv(variable); value != "" {
			text += ", " + variable + "=" + value
		}
	}
	return ok(name, "%s", text)
}

// laptop checks the processes of a local region; it reports nothing elsewhere.
func (d *doctor) laptop(ctx context.Context, name string) []Finding {
	var dead []Finding
	asked := 0
	for variable, path := range map[string]string{"AWS_ENDPOINT_URL": "/_ministack/health", "AWS_ENDPOINT_URL_EMR": "/_localemr/health"} {
		url := d.Getenv(variable)
		if !strings.HasPrefix(url, "http://127.0.0.1:") && !strings.HasPrefix(url, "http://localhost:") {
			continue
		}
		asked++
		if err := alive(ctx, d.with.HTTP, url+path); err != nil {
			dead = append(dead, Finding{
				Check: name, Verdict: Failed, Found: fmt.Sprintf("no healthy response from %s (%s)", url, variable),
				Do: "start the region with ephemr up, and run eval \"$(ephemr env)\" again",
			})
		}
	}
	switch {
	case len(dead) > 0:
		return dead
	case asked == 0:
		return nil
	}
	return ok(name, "the emulator and localemr respond")
}

func alive(ctx context.Context, api HTTPAPI, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	answer, err := api.Do(r)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	defer answer.Body.Close() //nolint:errcheck // nothing is read from it
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: %s", url, answer.Status)
	}
	return nil
}

// expiresSoon is the remaining lifetime of credentials that is too short to
// follow a long job.
const expiresSoon = 10 * time.Minute

func (d *doctor) credentials(ctx context.Context, name string) []Finding {
	who, err := d.with.Identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		findings := d.wrong(name, err)
		findings[0].Verdict = Failed // the call requires no permission
		return findings
	}
	d.account = aws.ToString(who.Account)
	found := ok(name, "%s in account %s; SQS sender id %s",
		aws.ToString(who.Arn), d.account, aws.ToString(who.UserId))
	if c, err := d.cfg.Credentials.Retrieve(ctx); err == nil && c.CanExpire && time.Until(c.Expires) < expiresSoon {
		found[0].Verdict = Warning
		found[0].Found += fmt.Sprintf(", expiring in %s", terminal.Duration(time.Until(c.Expires)))
		found[0].Do = "log in again soon"
	}
	if skew, known := middleware.GetAttemptSkew(who.ResultMetadata); known {
		found = append(found, Clock(skew))
	}
	return found
}

// Clock reports the skew of the local clock: how far AWS's clock is ahead.
func Clock(skew time.Duration) Finding {
	f := Finding{Check: "clock", Verdict: OK, Found: "in sync with AWS"}
	off := skew.Abs().Truncate(time.Second)
	if off < 30*time.Second { // the Date header has whole seconds, and responses take time
		return f
	}
	how := "behind"
	if skew < 0 {
		how = "ahead of"
	}
	f.Found, f.Do = fmt.Sprintf("this machine is %s %s AWS", terminal.Duration(off), how), "set the clock: AWS rejects requests that are five minutes off"
	f.Verdict = Warning
	if off >= 4*time.Minute {
		f.Verdict = Failed
	}
	return f
}
