package pack

import (
	"errors"
	"fmt"

	"ephemr/internal/job"
	"ephemr/internal/script"
)

// checkScripts returns an error for each script and SQL file that its program
// would misread.
func (p *Package) checkScripts(t job.Type, entry string) error {
	from := roots{}
	defer from.close()
	var errs []error
	for _, f := range p.files {
		if f.name != entry && !script.Concerns(f.name, f.executable) {
			continue
		}
		root, err := from.open(f.base)
		if err != nil {
			return fmt.Errorf("check %s: %w", f.name, plain(err))
		}
		in, err := root.Open(f.path)
		if err != nil {
			return fmt.Errorf("check %s: %w", f.name, plain(err))
		}
		errs = append(errs, script.Check(t, f.name, f.name == entry, in))
		_ = in.Close() // only read from
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("check the files of %s: %w", p.Source, err)
	}
	return nil
}
