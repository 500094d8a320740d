package cron

import "math/bits"

// set is a set of small numbers: bit n is set if it has n.
type set uint64

func setOf(values ...int) (s set) {
	for _, v := range values {
		s |= 1 << v
	}
	return s
}

func (s set) has(v int) bool { return s>>v&1 != 0 }

// from returns the numbers that are not less than v.
func (s set) from(v int) set { return s >> v << v }

// to returns the numbers that are not greater than v.
func (s set) to(v int) set { return s &^ (^set(0) << (v + 1)) }

func (s set) min() int { return bits.TrailingZeros64(uint64(s)) }

func (s set) max() int { return bits.Len64(uint64(s)) - 1 }
