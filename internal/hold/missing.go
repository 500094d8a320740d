package hold

import "context"

// Missing returns the addresses at which there is no object.
func Missing(ctx context.Context, api ListAPI, uris []string) (missing []string, _ error) {
	o := &Objects{S3: api}
	for _, uri := range uris {
		found, err := o.exists(ctx, uri)
		if err != nil {
			return nil, err
		}
		if !found {
			missing = append(missing, uri)
		}
	}
	return missing, nil
}
