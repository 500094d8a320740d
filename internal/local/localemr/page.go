package localemr

import (
	"encoding/base64"
	"slices"
)

// pageSize is EMR's.
const pageSize = 50

// page returns one page of the items that keep selects. The marker is the last item
// of the previous page, whether keep still selects it or not: it stays valid when
// items are added in front or that one changes its state.
func page[T any](items []T, id func(T) string, keep func(T) bool, marker string) ([]T, string, error) {
	items = slices.Clone(items)
	if marker != "" {
		last, err := base64.StdEncoding.DecodeString(marker)
		if err != nil {
			return nil, "", badMarker(marker)
		}
		i := slices.IndexFunc(items, func(item T) bool { return id(item) == string(last) })
		if i < 0 {
			return nil, "", badMarker(marker)
		}
		items = items[i+1:]
	}
	items = slices.DeleteFunc(items, func(item T) bool { return !keep(item) })
	if len(items) <= pageSize {
		return items, "", nil
	}
	items = items[:pageSize]
	return items, base64.StdEncoding.EncodeToString([]byte(id(items[pageSize-1]))), nil
}

func badMarker(marker string) error {
	return invalid("", "Marker '%s' is not valid.", marker)
}

// newestFirst returns a reversed copy.
func newestFirst[T any](items []T) []T {
	out := slices.Clone(items)
	slices.Reverse(out)
	return out
}

// every keeps all items of a page.
func every[T any](T) bool { return true }

type markerInput struct{ Marker string }
