package outbox_test

import (
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"ephemr/internal/outbox"
	"ephemr/internal/proof/awsfake"
	"ephemr/internal/stage"
)

const domain = "dzd_4x6fhkz9example"

var _ outbox.DataZoneAPI = (*awsfake.DataZone)(nil)

// inDomain is a stand whose lineage events go to a domain, which exists or does not.
func inDomain(t *testing.T, domains ...string) (stand, *awsfake.S3, *awsfake.DataZone) {
	t.Helper()
	s, objects, catalog := newStand(t), awsfake.NewS3("logs"), awsfake.NewDataZone(domains...)
	s.Sender.Lineage = &outbox.Lineage{
		Settings: stage.Settings{LogsBucket: "logs", Lineage: stage.Lineage{Domain: domain}},
		S3:       objects, Client: outbox.NewClient(time.Minute), DataZone: catalog,
	}
	return s, objects, catalog
}

// again ticks for some minutes, and ignores what is reported meanwhile.
func (s stand) again() {
	for range 5 {
		time.Sleep(time.Minute)
		_ = s.tick()
	}
}

// TestLineageInDataZone: a domain has each event once, also when the answer to a call is lost.
func TestLineageInDataZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, objects, catalog := inDomain(t, domain)
		catalog.LoseNext("PostLineageEvent", io.ErrUnexpectedEOF)
		s.event(objects, "lineage/a")
		if err := s.tick(); err == nil || !strings.Contains(err.Error(), "send lineage event lineage/a to domain "+domain) {
			t.Errorf("a lost answer: %v", err)
		}
		s.again()
		s.event(objects, "lineage/a") // the function was interrupted, and has recorded it again
		s.again()
		if diff := cmp.Diff([]string{`{"key":"lineage/a"}`}, catalog.Events(domain)); diff != "" || catalog.Calls("PostLineageEvent") != 2 {
			t.Errorf("%d calls (-want +got)\n%s", catalog.Calls("PostLineageEvent"), diff)
		}
	})
}

// TestLineageThatDataZoneRefuses: what is invalid is not sent again; a domain that is missing
// may be created.
func TestLineageThatDataZoneRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  string
		once  bool
		known []string
	}{
		"invalid":   {"not JSON", true, []string{domain}},
		"too large": {`"` + strings.Repeat("x", 300_000) + `"`, true, []string{domain}},
		"no domain": {"{}", false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s, objects, catalog := inDomain(t, tt.known...)
				s.event(objects, "lineage/a")
				objects.Place("logs", "lineage/a", []byte(tt.body))
				_ = s.tick()
				s.again()
				if n := catalog.Calls("PostLineageEvent"); (n == 1) != tt.once {
					t.Errorf("%d calls", n)
				}
			})
		})
	}
}
