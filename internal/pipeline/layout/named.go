package layout

import (
	"fmt"
	"strings"
)

// named are layouts that have a name.
var named = map[string]string{
	"date": "2006-01-02", "basicDate": "20060102", "slashDate": "2006/01/02",
	"dateTime": "2006-01-02 15:04:05", "basicDateTime": "20060102T150405Z0700", "rfc3339": "2006-01-02T15:04:05Z07:00",
	"time": "15:04:05", "hour": "15", "year": "2006", "month": "2006-01", "isoWeek": "%G-W%V", "dayOfYear": "2006-002",
}

// Names are the names of layouts, sorted.
var Names = keys(named)

// misnamed says what a word that is no layout should have been, or "".
func misnamed(text string) string {
	for _, name := range Names {
		if strings.EqualFold(name, strings.NewReplacer("-", "", "_", "", " ", "").Replace(text)) {
			return fmt.Sprintf("did you mean %s?", name)
		}
	}
	return ""
}
