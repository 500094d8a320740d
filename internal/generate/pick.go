package generate

import "math"

// pick draws one of n numbers in constant time, by Vose's alias method: a
// column is chosen with equal likelihood, and it is divided between two numbers.
type pick struct {
	keep  []uint32 // share of a column that is its own number's, of 2^32
	other []uint32
}

// newPick makes number i as likely as 1/(i+1)^skew; with skew 0 all are equally likely.
func newPick(n int, skew float64) *pick {
	weights, sum := make([]float64, n), 0.0
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -skew)
		sum += weights[i]
	}
	p := &pick{keep: make([]uint32, n), other: make([]uint32, n)}
	var small, large []uint32
	for i := range weights {
		weights[i] *= float64(n) / sum
		p.keep[i], p.other[i] = math.MaxUint32, uint32(i)
		if weights[i] < 1 {
			small = append(small, p.other[i])
		} else {
			large = append(large, p.other[i])
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		p.keep[s], p.other[s] = uint32(weights[s]*math.MaxUint32), l
		if weights[l] -= 1 - weights[s]; weights[l] < 1 {
			small, large = append(small, l), large[:len(large)-1]
		}
	}
	return p
}

// of returns the number for 64 random bits.
func (p *pick) of(r uint64) int64 {
	i := (r >> 32) * uint64(len(p.keep)) >> 32
	if uint32(r) > p.keep[i] { //nolint:gosec // the low half
		return int64(p.other[i])
	}
	return int64(i)
}
