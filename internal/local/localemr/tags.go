package localemr

import (
	"context"
	"slices"
)

type addTagsInput struct {
	ResourceID string `json:"ResourceId"`
	ClusterID  string `json:"ClusterId"`
	Tags       []tagShape
}

func (s *Server) addTags(ctx context.Context, in *addTagsInput) (*empty, error) {
	if err := validateTags(in.Tags); err != nil {
		return nil, err
	}
	return s.changeTags(ctx, in.ResourceID, in.ClusterID, func(tags []tagShape) []tagShape {
		for _, t := range in.Tags {
			tags = append(without(tags, t.Key), t)
		}
		return tags
	})
}

type removeTagsInput struct {
	ResourceID string `json:"ResourceId"`
	ClusterID  string `json:"ClusterId"`
	TagKeys    []string
}

func (s *Server) removeTags(ctx context.Context, in *removeTagsInput) (*empty, error) {
	return s.changeTags(ctx, in.ResourceID, in.ClusterID, func(tags []tagShape) []tagShape {
		return without(tags, in.TagKeys...)
	})
}

// changeTags replaces the tags of a cluster by what change makes of a copy.
func (s *Server) changeTags(ctx context.Context, resource, cluster string, change func([]tagShape) []tagShape) (*empty, error) {
	setDefault(&resource, cluster)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(resource)
	if err != nil {
		return nil, err
	}
	if c.over() {
		return nil, invalid("", "Tags cannot be modified on terminated clusters.")
	}
	tags := change(slices.Clone(c.Cluster.Tags))
	if len(tags) > maxTags {
		return nil, tooManyTags()
	}
	c.Cluster.Tags = tags
	s.save(ctx, c)
	return &empty{}, nil
}

func without(tags []tagShape, keys ...string) []tagShape {
	return slices.DeleteFunc(tags, func(t tagShape) bool { return slices.Contains(keys, t.Key) })
}
