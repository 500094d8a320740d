package fault

import "runtime/debug"

// Safely calls do and returns a panic in it as an error, for loops over items: what
// is wrong with one of them must not affect the others.
func Safely(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = New(Internal, "panic: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}
