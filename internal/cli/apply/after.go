package apply

import (
	"context"
	"errors"
	"slices"

	"ephemr/internal/cli/exit"
	"ephemr/internal/fault"
	"ephemr/internal/pipeline"
	"ephemr/internal/register"
)

// checkAfter checks what pipelines wait for: it is among the plans or registered, and does
// not wait for them.
func checkAfter(ctx context.Context, plans []plan, registered Pipelines) error {
	specs := map[string]*pipeline.Spec{} // nil = not registered
	for i := range plans {
		specs[plans[i].spec.Name] = &plans[i].spec
	}
	known := func(ctx context.Context, name string) (*pipeline.Spec, error) {
		if s, ok := specs[name]; ok {
			return s, nil
		}
		v, err := registered.Current(ctx, name)
		if err == nil && v != nil {
			specs[name] = &v.Spec
		} else if err == nil {
			specs[name] = nil
		}
		return specs[name], err
	}
	var errs []error
	for _, p := range plans {
		if len(p.spec.Upstreams()) == 0 {
			continue
		}
		err := register.CheckAfter(ctx, p.spec, known)
		if fault.NameOf(err) == fault.InvalidInput {
			err = exit.Usage("%s: %w", p.file, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// inOrder are the plans that wait for no other pipeline, and the others: each after those
// that it waits for.
func inOrder(plans []plan) (free, waiting []int) {
	done := map[string]bool{}
	var visit func(i int)
	visit = func(i int) {
		if done[plans[i].spec.Name] {
			return
		}
		done[plans[i].spec.Name] = true
		upstreams := plans[i].spec.Upstreams()
		for j, p := range plans {
			if slices.Contains(upstreams, p.spec.Name) {
				visit(j)
			}
		}
		if len(upstreams) == 0 {
			free = append(free, i)
		} else {
			waiting = append(waiting, i)
		}
	}
	for i := range plans {
		visit(i)
	}
	return free, waiting
}

// registerInOrder registers pipelines that wait for no other at the same time, and the others
// one by one.
func registerInOrder(plans []plan, do func(i int)) {
	free, waiting := inOrder(plans)
	each(len(free), registerAtOnce, func(i int) { do(free[i]) })
	for _, i := range waiting {
		do(i)
	}
}
