// Command hello is the smallest function there can be: what a start costs
// before any code of ours runs.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(context.Context) (string, error) {
		_, err := os.Stderr.WriteString("hello\n") // every function logs, and waiting for the log takes time, too
		return "hello", err
	})
}
