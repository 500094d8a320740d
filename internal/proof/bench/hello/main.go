// Command hello is the smallest possible function: the start time without any
// code of this project.
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
