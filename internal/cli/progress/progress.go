// Package progress shows progress bars on a terminal, and nothing elsewhere.
package progress

import (
	"io"
	"sync"
	"time"

	"ephemr/internal/cli/terminal"

	"github.com/schollz/progressbar/v3"
)

const (
	after  = time.Second // shorter work has no bar
	every  = 100 * time.Millisecond
	width  = 20 // of the bar, in columns
	beside = 36 // columns for percentage, speed, elapsed and remaining time
)

// Meter shows bars. A nil one shows nothing.
type Meter struct{ io *terminal.IO }

// New returns a Meter for Err, or nil if Err is not an interactive terminal.
func New(io *terminal.IO, json bool) *Meter {
	if json || !io.ErrTTY || !io.Color {
		return nil
	}
	return &Meter{io: io}
}

// Bar is one piece of work. A nil one shows nothing.
type Bar struct {
	count progressbar.Option
	end   chan struct{}
	gone  chan struct{}

	mu        sync.Mutex
	done, all int64
}

// Begin starts a piece of work, which End ends. Its speed is in bytes.
func (m *Meter) Begin(what string) *Bar {
	return m.begin(what, progressbar.OptionShowBytes(true))
}

// BeginCount is Begin for work that is measured in things, such as rows.
func (m *Meter) BeginCount(what, things string) *Bar {
	return m.begin(what, func(p *progressbar.ProgressBar) {
		progressbar.OptionShowIts()(p)
		progressbar.OptionSetItsString(things)(p)
	})
}

func (m *Meter) begin(what string, count progressbar.Option) *Bar {
	if m == nil {
		return nil
	}
	b := &Bar{count: count, end: make(chan struct{}), gone: make(chan struct{})}
	go b.show(m.io, what)
	return b
}

// Update sets the number of bytes or things done.
func (b *Bar) Update(done, all int64) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done, b.all = done, all
}

// End removes the bar.
func (b *Bar) End() {
	if b == nil {
		return
	}
	close(b.end)
	<-b.gone
}

// show draws the bar once the work takes long, and redraws it without updates
// for the elapsed time.
func (b *Bar) show(to *terminal.IO, what string) {
	defer close(b.gone)
	g := &gate{to: to.Err, opens: time.Now().Add(after)}
	bar := progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(g), progressbar.OptionUseANSICodes(true), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetDescription(terminal.Clip(what, max(to.Columns()-width-beside, 10))), progressbar.OptionSetWidth(width),
		b.count, progressbar.OptionUseIECUnits(true),
		progressbar.OptionSetElapsedTime(true), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetSpinnerChangeInterval(0), // it would leave a goroutine behind
	)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		b.draw(bar)
		select {
		case <-b.end:
			if g.used {
				_ = bar.Clear()
			}
			return
		case <-tick.C:
		}
	}
}

func (b *Bar) draw(bar *progressbar.ProgressBar) {
	b.mu.Lock()
	done, all := b.done, b.all
	b.mu.Unlock()
	if all > 0 && bar.GetMax64() != all {
		bar.ChangeMax64(all)
	}
	_ = bar.Set64(min(done, max(all-1, 0))) // a complete bar disappears before the work ends
	_ = bar.RenderBlank()
}

// gate hides a bar while the work may still be short. The bar is updated
// meanwhile, so that it measures the speed.
type gate struct {
	to    io.Writer
	opens time.Time
	used  bool
}

func (g *gate) Write(p []byte) (int, error) {
	if time.Now().Before(g.opens) {
		return len(p), nil
	}
	g.used = true
	return g.to.Write(p)
}
