package session

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"ephemr/internal/fault"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// Explain adds instructions to an error from AWS, and removes request ids.
func Explain(err error, getenv func(string) string) error {
	login := "log in again (aws sso login), or set AWS_PROFILE to a valid profile"
	if p := getenv("AWS_PROFILE"); p != "" {
		login = fmt.Sprintf("log in again (aws sso login --profile %s), or set AWS_PROFILE to a valid profile", p)
	}
	if explained := credentials(err, login); explained != nil {
		return explained
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		if endpoint := getenv("AWS_ENDPOINT_URL"); endpoint != "" {
			return fmt.Errorf("no response from %s (AWS_ENDPOINT_URL); start the local region with ephemr up", endpoint)
		}
		return fmt.Errorf("cannot reach AWS: %w; check the network and AWS_REGION", op)
	}
	return errors.New(Short(err))
}

// credentials explains errors of credentials; nil for others.
func credentials(err error, login string) error {
	if _, stale := errors.AsType[*ssocreds.InvalidTokenError](err); stale {
		return fmt.Errorf("the SSO session has expired; %s", login)
	}
	switch code := fault.Code(err); code {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired":
		return fmt.Errorf("the AWS credentials have expired; %s", login)
	case "UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSignatureException":
		return fmt.Errorf("AWS rejected the credentials (%s); %s", code, login)
	case "AccessDenied", "AccessDeniedException", "AccessDeniedFault":
		return fmt.Errorf("%s; request the permission, or set AWS_PROFILE to a role that has it", Short(err))
	}
	if p, none := errors.AsType[config.SharedConfigProfileNotExistError](err); none {
		return fmt.Errorf("AWS profile %s not found in ~/.aws/config or ~/.aws/credentials; set AWS_PROFILE to an existing profile (aws configure list-profiles)", p.Profile)
	}
	if strings.Contains(err.Error(), "failed to refresh cached credentials") || strings.Contains(err.Error(), "get identity: get credentials") {
		return fmt.Errorf("no AWS credentials; %s", login)
	}
	return nil
}

// Short is the text of err, with an AWS error reduced to its code and message.
func Short(err error) string {
	op, ok := errors.AsType[*smithy.OperationError](err)
	api, isAPI := errors.AsType[smithy.APIError](err)
	if !ok || !isAPI {
		return err.Error()
	}
	return strings.Replace(err.Error(), op.Error(), op.OperationName+": "+api.ErrorCode()+": "+api.ErrorMessage(), 1)
}
