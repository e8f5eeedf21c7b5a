package main

import (
	"encoding/json"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
)

// kind is one served resource.
type kind struct {
	apiVersion, kind, plural string
	namespaced               bool
	subresources             map[string]bool
	typeName                 string
}

// kinds holds the served resources by "apiVersion/plural".
type kinds map[string]*kind

// groupVersionKind is the extension that names the kind of an operation or of a model.
type groupVersionKind struct{ Group, Version, Kind string }

const groupVersionKindKey = "x-kubernetes-group-version-kind"

// extension decodes one extension into out.
func extension(extensions spec.Extensions, key string, out any) bool {
	value, found := extensions[key]
	if !found {
		return false
	}
	data, err := json.Marshal(value)
	return err == nil && json.Unmarshal(data, out) == nil
}

// add reads one path such as /apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale.
func (k kinds) add(path string, item *spec3.Path) {
	rest, apiVersion := path, ""
	if after, found := strings.CutPrefix(rest, "/api/"); found {
		version, tail, _ := strings.Cut(after, "/")
		apiVersion, rest = version, tail
	} else if after, found := strings.CutPrefix(rest, "/apis/"); found {
		parts := strings.SplitN(after, "/", 3)
		if len(parts) < 3 {
			return
		}
		apiVersion, rest = parts[0]+"/"+parts[1], parts[2]
	} else {
		return
	}
	if rest == "" || strings.HasPrefix(rest, "watch/") {
		return
	}
	rest, namespaced := strings.CutPrefix(rest, "namespaces/{namespace}/")
	parts := strings.Split(rest, "/")
	plural := parts[0]
	resource := k[apiVersion+"/"+plural]
	if resource == nil {
		resource = &kind{apiVersion: apiVersion, plural: plural, subresources: map[string]bool{}}
		k[apiVersion+"/"+plural] = resource
	}
	resource.namespaced = resource.namespaced || namespaced
	switch {
	case len(parts) >= 3 && item.Put != nil:
		resource.subresources[parts[2]] = true
	case len(parts) <= 2:
		for _, operation := range []*spec3.Operation{item.Put, item.Post, item.Get} {
			gvk := groupVersionKind{}
			if operation != nil && extension(operation.Extensions, groupVersionKindKey, &gvk) {
				resource.kind = gvk.Kind
				break
			}
		}
	}
}

// index gives the resources in order, each with the name of its type.
func (k kinds) index(models map[string]*spec.Schema) []*kind {
	types := map[groupVersionKind]string{}
	for name, model := range models {
		var list []groupVersionKind
		if extension(model.Extensions, groupVersionKindKey, &list) {
			for _, gvk := range list {
				types[gvk] = name
			}
		}
	}
	var out []*kind
	for _, resource := range k {
		group, version, found := strings.Cut(resource.apiVersion, "/")
		if !found {
			group, version = "", resource.apiVersion
		}
		resource.typeName = types[groupVersionKind{group, version, resource.kind}]
		if resource.typeName != "" && resource.kind != "" {
			out = append(out, resource)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].apiVersion != out[j].apiVersion {
			return out[i].apiVersion < out[j].apiVersion
		}
		return out[i].plural < out[j].plural
	})
	return out
}
