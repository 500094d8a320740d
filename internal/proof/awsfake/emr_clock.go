package awsfake

import (
	"cmp"
	"slices"
	"time"
)

// clock runs changes at their times, in order, by one timer: under the race
// detector many time.AfterFunc in a synctest bubble crash Go 1.26.
type clock struct {
	waiting []*alarm // sorted by time, equals as they came
	timer   *time.Timer
}

type alarm struct {
	at      time.Time
	change  func()
	stopped bool
}

// stop cancels the change, if it was not made yet. A nil alarm can be stopped too.
func (a *alarm) stop() {
	if a != nil {
		a.stopped = true
	}
}

// later runs change under the lock after d. The caller holds the lock.
func (f *EMR) later(d time.Duration, change func()) *alarm {
	a := &alarm{at: time.Now().Add(d), change: change}
	w := f.clock.waiting
	i, _ := slices.BinarySearchFunc(w, a, func(x, y *alarm) int { return cmp.Or(x.at.Compare(y.at), -1) })
	f.clock.waiting = slices.Insert(w, i, a)
	if i == 0 {
		f.arm()
	}
	return a
}

// arm sets the timer to the next alarm.
func (f *EMR) arm() {
	c := &f.clock
	switch {
	case len(c.waiting) == 0:
	case c.timer == nil:
		c.timer = time.AfterFunc(time.Until(c.waiting[0].at), f.tick)
	default:
		c.timer.Reset(time.Until(c.waiting[0].at))
	}
}

// tick makes the changes that are due.
func (f *EMR) tick() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	for !f.closed && len(f.clock.waiting) > 0 && !f.clock.waiting[0].at.After(now) {
		a := f.clock.waiting[0]
		f.clock.waiting = f.clock.waiting[1:]
		if !a.stopped {
			a.change()
		}
	}
	if !f.closed {
		f.arm()
	}
}
