// Package notify reports to people how a run ended, through an Amazon SNS topic:
// which runs, to whom and in which words. Tested here, and by the workflow's path
// tests in statemachines.
package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// TopicAPI is the part of SNS that publishes notices.
type TopicAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Notice is a message about a run.
type Notice struct {
	Headline   string            // the subject of an email
	Text       string            // lines that end in a newline
	Attributes map[string]string // what filter policies of subscriptions can match
	Recipients []string          // addresses that the pipeline names; another attribute
}

// maxSubject is SNS's limit, in characters.
const maxSubject = 100

// Send publishes n on the topic with this ARN.
func Send(ctx context.Context, api TopicAPI, topic string, n Notice) error {
	attributes, err := n.attributes()
	if err != nil {
		return err
	}
	_, err = api.Publish(ctx, &sns.PublishInput{
		TopicArn: &topic, MessageAttributes: attributes,
		Subject: aws.String(n.Headline[:min(len(n.Headline), maxSubject)]), Message: &n.Text,
	})
	return err
}

func (n Notice) attributes() (map[string]types.MessageAttributeValue, error) {
	out := map[string]types.MessageAttributeValue{}
	for name, value := range n.Attributes {
		out[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	if len(n.Recipients) > 0 {
		list, err := json.Marshal(n.Recipients)
		if err != nil {
			return nil, fmt.Errorf("encode recipients: %w", err)
		}
		out["recipients"] = types.MessageAttributeValue{DataType: aws.String("String.Array"), StringValue: aws.String(string(list))}
	}
	return out, nil
}
