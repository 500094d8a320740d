package simulation

import (
	"fmt"
	"hash/fnv"
	"time"
)

// dice are random numbers that follow from a seed and a name, so that what
// happens to a call depends on the call alone and not on what happens beside it.
type dice struct{ state uint64 }

func roll(seed uint64, about ...any) *dice {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, about...)
	d := &dice{state: seed ^ h.Sum64()}
	d.next()
	return d
}

// next is SplitMix64.
func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// float is in [0, 1).
func (d *dice) float() float64 { return float64(d.next()>>11) / (1 << 53) }

func (d *dice) chance(p float64) bool { return d.float() < p }

// below is in [0, n).
func (d *dice) below(n int) int { return int(d.float() * float64(n)) }

// between is in [from, to), to the nanosecond: no two things are to happen at
// the same instant, as their order is not defined.
func (d *dice) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.float()*float64(to-from))
}

func pick[T any](d *dice, of ...T) T { return of[d.below(len(of))] }
