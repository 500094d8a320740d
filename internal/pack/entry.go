package pack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"ephemr/internal/job"
)

// Entry returns the file that a job of type t runs, given the files of its
// package: one of the type's usual names at the top, or else the only file at
// the top with one of its suffixes.
func Entry(t job.Type, names []string) (string, error) {
	kind := job.Kinds[t]
	for _, e := range kind.Entries {
		if slices.Contains(names, e) {
			return e, nil
		}
	}
	var top, below []string
	for _, n := range names {
		switch {
		case !slices.Contains(kind.Suffixes, path.Ext(n)):
		case strings.Contains(n, "/"):
			below = append(below, n)
		default:
			top = append(top, n)
		}
	}
	switch {
	case len(kind.Entries) == 0:
		return "", fmt.Errorf("%s jobs have no entry; leave out the source", t)
	case len(top) == 1:
		return top[0], nil
	case len(top) > 1:
		return "", fmt.Errorf("more than one possible entry: %s; set \"entry\", or rename one to %s", some(top), kind.Entries[0])
	case len(below) > 0:
		return "", fmt.Errorf("no %s; add one, or set \"entry\" to one of %s", strings.Join(kind.Entries, " or "), some(below))
	default:
		return "", fmt.Errorf("no %s; add one or set \"entry\"", strings.Join(kind.Entries, " or "))
	}
}

// Entry returns the file that a job of type t runs: the one the pipeline names
// as entry, or else the only file of a source, or what Entry finds. It returns an
// error if the program that runs the entry, or a script beside it, would misread
// the file.
func (p *Package) Entry(t job.Type, entry string) (string, error) {
	name, err := p.find(t, entry)
	if err != nil {
		return "", err
	}
	if t == job.DBT {
		if err := p.checkProject(name); err != nil {
			return name, err
		}
	}
	return name, p.checkScripts(t, name)
}

func (p *Package) find(t job.Type, entry string) (string, error) {
	if entry == "" && p.single && len(job.Kinds[t].Entries) > 0 {
		return p.own[0], nil
	}
	if entry == "" {
		found, err := Entry(t, p.own)
		if err != nil {
			return "", fmt.Errorf("find the entry of %s: %w", p.Source, err)
		}
		return found, nil
	}
	if name := path.Clean(entry); slices.Contains(p.Files, name) {
		return name, nil
	}
	return "", fmt.Errorf("find the entry of %s: no file %s in the package; correct \"entry\" or %s", p.Source, entry, IgnoreFile)
}

// some lists a few names.
func some(names []string) string {
	if more := len(names) - 5; more > 0 {
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}
