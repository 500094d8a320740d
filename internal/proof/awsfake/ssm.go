package awsfake

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	maxGetParameters    = 10
	parametersPerPage   = 10
	maxStandardSSMValue = 4096
)

// SSM is an in-memory parameter store.
type SSM struct {
	Control

	mu     sync.Mutex
	params map[string]types.Parameter
}

// NewSSM returns a store with the parameters given.
func NewSSM(params map[string]string) *SSM {
	f := &SSM{Control: newControl("SSM"), params: map[string]types.Parameter{}}
	for name, value := range params {
		f.put(name, value, types.ParameterTypeString)
	}
	return f
}

func (f *SSM) put(name, value string, t types.ParameterType) int64 {
	v := f.params[name].Version + 1
	f.params[name] = types.Parameter{
		Name: new(name), Value: new(value), Type: t, Version: v, LastModifiedDate: new(time.Now()),
		ARN: new("arn:aws:ssm:us-east-1:123456789012:parameter/" + strings.TrimPrefix(name, "/")), DataType: new("text"),
	}
	return v
}

// PutParameter stores a parameter.
func (f *SSM) PutParameter(ctx context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	return call(ctx, &f.Control, "PutParameter", func() (*ssm.PutParameterOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		name, value := aws.ToString(in.Name), aws.ToString(in.Value)
		if name == "" || value == "" || len(value) > maxStandardSSMValue && in.Tier != types.ParameterTierAdvanced {
			return nil, apiError("ValidationException", "A parameter needs a name and a value of at most 4096 characters.")
		}
		if _, ok := f.params[name]; ok && !aws.ToBool(in.Overwrite) {
			return nil, &types.ParameterAlreadyExists{Message: new("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
		}
		t := in.Type
		if t == "" {
			t = types.ParameterTypeString
		}
		return &ssm.PutParameterOutput{Version: f.put(name, value, t), Tier: types.ParameterTierStandard}, nil
	})
}

// DescribeParameters finds a parameter by its name.
func (f *SSM) DescribeParameters(ctx context.Context, in *ssm.DescribeParametersInput, _ ...func(*ssm.Options)) (*ssm.DescribeParametersOutput, error) {
	return call(ctx, &f.Control, "DescribeParameters", func() (*ssm.DescribeParametersOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if len(in.ParameterFilters) != 1 || aws.ToString(in.ParameterFilters[0].Key) != "Name" || aws.ToString(in.ParameterFilters[0].Option) != "Equals" {
			return nil, apiError("InvalidFilterKey", "This fake knows one filter: Name Equals.")
		}
		out := &ssm.DescribeParametersOutput{}
		for _, name := range in.ParameterFilters[0].Values {
			if p, ok := f.params[name]; ok {
				out.Parameters = append(out.Parameters, types.ParameterMetadata{Name: p.Name, ARN: p.ARN, Type: p.Type, Version: p.Version})
			}
		}
		return out, nil
	})
}

// GetParameter reads a parameter.
func (f *SSM) GetParameter(ctx context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	return call(ctx, &f.Control, "GetParameter", func() (*ssm.GetParameterOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		p, ok := f.params[aws.ToString(in.Name)]
		if !ok {
			return nil, &types.ParameterNotFound{}
		}
		return &ssm.GetParameterOutput{Parameter: &p}, nil
	})
}

// GetParameters reads up to 10 parameters.
func (f *SSM) GetParameters(ctx context.Context, in *ssm.GetParametersInput, _ ...func(*ssm.Options)) (*ssm.GetParametersOutput, error) {
	return call(ctx, &f.Control, "GetParameters", func() (*ssm.GetParametersOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if n := len(in.Names); n < 1 || n > maxGetParameters {
			return nil, apiError("ValidationException", "1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length less than or equal to 10")
		}
		out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
		for _, n := range in.Names {
			if p, ok := f.params[n]; ok {
				out.Parameters = append(out.Parameters, p)
			} else {
				out.InvalidParameters = append(out.InvalidParameters, n)
			}
		}
		return out, nil
	})
}

// GetParametersByPath lists parameters below a path, 10 a page.
func (f *SSM) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	return call(ctx, &f.Control, "GetParametersByPath", func() (*ssm.GetParametersByPathOutput, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if !strings.HasPrefix(aws.ToString(in.Path), "/") || in.ParameterFilters != nil {
			return nil, apiError("ValidationException", "The path must begin with a slash, and this fake knows no filters.")
		}
		dir := strings.TrimSuffix(*in.Path, "/") + "/"
		var all []types.Parameter
		for _, name := range slices.Sorted(maps.Keys(f.params)) {
			below, ok := strings.CutPrefix(name, dir)
			if ok && (aws.ToBool(in.Recursive) || !strings.Contains(below, "/")) {
				all = append(all, f.params[name])
			}
		}
		most := parametersPerPage
		if in.MaxResults != nil {
			most = min(most, int(*in.MaxResults))
		}
		page, next, err := pageOf(all, in.NextToken, most)
		return &ssm.GetParametersByPathOutput{Parameters: page, NextToken: next}, err
	})
}

// pageOf returns a page of at most n; tokens are offsets.
func pageOf[T any](all []T, token *string, n int) (page []T, next *string, err error) {
	from := 0
	if token != nil {
		if from, err = strconv.Atoi(*token); err != nil || from < 0 || from > len(all) {
			return nil, nil, apiError("InvalidNextToken", "The specified token is not valid.")
		}
	}
	page = all[from:]
	if len(page) > n {
		return page[:n:n], new(strconv.Itoa(from + n)), nil
	}
	return page, nil, nil
}
