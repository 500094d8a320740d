package intake

import "encoding/json"

// envelope recognizes what AWS services wrap around a message, and returns the
// setting that removes it; "" for anything else.
func envelope(body []byte) string {
	var e struct {
		Type       string          `json:"Type"` // of SNS
		TopicArn   string          `json:"TopicArn"`
		Source     string          `json:"source"` // of EventBridge
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
		Event      string          `json:"Event"` // of S3
		Records    []struct {
			EventSource string `json:"eventSource"`
			EventName   string `json:"eventName"`
		} `json:"Records"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	switch {
	case e.Type == "Notification" && e.TopicArn != "":
		return "this is an SNS notification around the message; enable raw message delivery for the subscription"
	case e.Type == "SubscriptionConfirmation":
		return "this is SNS's request to confirm a subscription; confirm it, and enable raw message delivery"
	case e.Event == "s3:TestEvent", len(e.Records) > 0 && e.Records[0].EventSource == "aws:s3":
		return "this is an S3 notification to a queue; enable EventBridge notifications for the bucket instead, and declare an s3 trigger"
	case len(e.Records) > 0:
		return "this is a batch of " + clip(e.Records[0].EventSource, 40) + " records; send one request per message"
	case e.DetailType != "" && e.Source != "" && len(e.Detail) > 0:
		return `this is an EventBridge event around the message; set the input path $.detail for the target of its rule`
	}
	return ""
}
