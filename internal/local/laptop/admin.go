package laptop

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Admin calls localemr's admin API: path is below /_localemr/, body is sent as
// JSON, and the response is decoded into into, unless that is nil.
func (r *Region) Admin(ctx context.Context, method, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.EMR+"/_localemr/"+path, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("call localemr: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("call localemr: %w", err)
	}
	defer resp.Body.Close() //nolint:errcheck // read only
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("call localemr: %s %s: %s", method, path, resp.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("read localemr's answer: %w", err)
	}
	return nil
}
