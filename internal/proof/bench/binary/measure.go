package binary

import (
	"cmp"
	"context"
	"maps"
	"path/filepath"
	"runtime"
	"slices"

	"ephemr/internal/proof/bench/trace"
)

// Arm64 is what the functions are built for on AWS.
const Arm64 = "linux/arm64"

// Function is one binary.
type Function struct {
	Name   string           `json:"name"`
	Zipped map[string]int64 `json:"zipped"` // bytes of the package, by platform
	Init   trace.Sample     `json:"-"`      // each start
}

// Platform is this machine's.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// Measure builds every function for AWS and for this machine, measures its size,
// and starts it a number of times. The starts alternate, so that other load on the
// machine affects all functions alike. The one that does nothing comes first.
func Measure(ctx context.Context, root, dir, settings string, starts int) ([]Function, error) {
	all := map[string]*Function{}
	var here map[string]string
	for _, platform := range slices.Compact([]string{Arm64, Platform()}) {
		paths, err := build(ctx, root, filepath.Join(dir, filepath.FromSlash(platform)), platform, ours, nothing)
		if err != nil {
			return nil, err
		}
		if err := weigh(all, paths, platform); err != nil {
			return nil, err
		}
		here = paths // the last one is this machine's
	}
	names := slices.Sorted(maps.Keys(here))
	for range starts {
		for _, name := range names {
			took, err := Start(ctx, here[name], settings)
			if err != nil {
				return nil, err
			}
			all[name].Init = append(all[name].Init, took)
		}
	}
	out := make([]Function, 0, len(all))
	for _, name := range names {
		out = append(out, *all[name])
	}
	slices.SortStableFunc(out, func(a, b Function) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	return out, nil
}

func rank(name string) int {
	if name == Hello {
		return 0
	}
	return 1
}

func weigh(all map[string]*Function, paths map[string]string, platform string) error {
	for name, path := range paths {
		data, err := zipped(path)
		if err != nil {
			return err
		}
		if all[name] == nil {
			all[name] = &Function{Name: name, Zipped: map[string]int64{}}
		}
		all[name].Zipped[platform] = int64(len(data))
	}
	return nil
}
