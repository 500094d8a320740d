package rights

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ephemr/internal/awsapi"
	"ephemr/internal/proof/iam"
)

// Policies are those of functions and roles, by name.
type Policies map[string]iam.Policy

// ReadPolicies reads policies from a JSON file.
func ReadPolicies(file string) (Policies, error) {
	data, err := os.ReadFile(file) //nolint:gosec // of a test
	if err != nil {
		return nil, fmt.Errorf("read policies: %w", err)
	}
	var documents map[string]json.RawMessage
	if err := json.Unmarshal(data, &documents); err != nil {
		return nil, fmt.Errorf("read policies of %s: %w", file, err)
	}
	policies := Policies{}
	for name, document := range documents {
		if policies[name], err = iam.Parse(document); err != nil {
			return nil, fmt.Errorf("read policy of %s: %w", name, err)
		}
	}
	return policies, nil
}

// ReadCalls reads the calls that functions have recorded, by function.
func ReadCalls(dir string) (map[string][]awsapi.Call, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("read calls: %w", err)
	}
	calls := map[string][]awsapi.Call{}
	for _, file := range files {
		function := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		if calls[function], err = readCalls(file); err != nil {
			return nil, fmt.Errorf("read calls of %s: %w", function, err)
		}
	}
	return calls, nil
}

func readCalls(file string) (calls []awsapi.Call, err error) {
	f, err := os.Open(file) //nolint:gosec // of a test
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var call awsapi.Call
		if err := json.Unmarshal(lines.Bytes(), &call); err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	return calls, lines.Err()
}

// Missing lists the permissions that recorded calls need and their functions do not
// have, and reports the grants that calls have used, by function.
func Missing(p Place, policies Policies, calls map[string][]awsapi.Call) (missing []string, used map[string][]iam.Grant) {
	used = map[string][]iam.Grant{}
	for _, function := range slices.Sorted(maps.Keys(calls)) {
		for _, call := range calls[function] {
			requests, err := Needs(p, call)
			if err != nil {
				missing = append(missing, function+": "+err.Error())
			}
			for _, r := range requests {
				allowed, by := policies[function].Decide(r)
				if !allowed {
					missing = append(missing, function+" calls "+call.Operation+", but is not allowed "+r.String())
				}
				used[function] = append(used[function], by...)
			}
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing), used
}

// Unused lists the grants of functions that were not used, except those that need
// not be. An exception for a permission that no function has is listed too.
func Unused(policies Policies, used map[string][]iam.Grant, exceptions []Exception) (unused []string) {
	exists := make([]bool, len(exceptions))
	for _, function := range slices.Sorted(maps.Keys(policies)) {
		for g := range policies[function].Grants() {
			excepted := false
			for i, e := range exceptions {
				if e.covers(function, g) {
					excepted, exists[i] = true, true
				}
			}
			if !excepted && !slices.Contains(used[function], g) {
				unused = append(unused, fmt.Sprintf("%s is allowed %s on %s, which no call needs", function, g.Action, g.Resource))
			}
		}
	}
	for i, e := range exceptions {
		if !exists[i] {
			unused = append(unused, fmt.Sprintf("%v are not allowed %v: remove the exception", e.Functions, e.Actions))
		}
	}
	return unused
}

// NotRecorded lists exceptions for what the end-to-end tests are to do, but have not.
func NotRecorded(used map[string][]iam.Grant, exceptions []Exception) (missing []string) {
	for _, e := range exceptions {
		for _, action := range e.Actions {
			seen := !e.EndToEnd
			for function, grants := range used {
				seen = seen || slices.ContainsFunc(grants, func(g iam.Grant) bool { return g.Action == action && e.covers(function, g) })
			}
			if !seen {
				missing = append(missing, fmt.Sprintf("no call of %v has needed %s in the end-to-end tests", e.Functions, action))
			}
		}
	}
	return missing
}
