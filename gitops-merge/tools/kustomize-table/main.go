// Writes the table of the types by which kustomize v5.8.1 merges lists: those of the OpenAPI document of Kubernetes
// v1.21.2 that kyaml v0.21.1 ships.
//
//	go run . > ../../src/schema/kustomize.table
package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

const prefix = "#/definitions/"

var (
	definitions spec.Definitions
	// Types that have no name of their own, by their text.
	inline = map[string]string{}
	lines  []string
)

func short(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, prefix), "io.k8s.")
}

// form writes a type as it stands in the table.
func form(schema *spec.Schema, owner string) string {
	if ref := schema.Ref.String(); ref != "" {
		return "@" + short(ref)
	}
	switch {
	case schema.Items != nil && schema.Items.Schema != nil:
		return "[]" + form(schema.Items.Schema, owner)
	case schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil:
		return "{}" + form(schema.AdditionalProperties.Schema, owner)
	case len(schema.Properties) > 0:
		name := owner
		if _, known := inline[name]; !known {
			inline[name] = name
			define(name, schema)
		}
		return "@" + name
	}
	if len(schema.Type) == 1 {
		switch schema.Type[0] {
		case "string":
			return "s"
		case "integer", "number":
			return "n"
		case "boolean":
			return "b"
		case "object":
			return "o"
		case "array":
			return "[]?"
		}
	}
	return "?"
}

func define(name string, schema *spec.Schema) {
	head := "type " + name
	if len(schema.Properties) == 0 {
		head += " " + form(schema, name)
	}
	text := []string{head}
	fields := make([]string, 0, len(schema.Properties))
	for field := range schema.Properties {
		fields = append(fields, field)
	}
	sort.Strings(fields)
	for _, field := range fields {
		property := schema.Properties[field]
		line := fmt.Sprintf(" %s %s", field, form(&property, name+"."+field))
		if strategy, found := property.Extensions.GetString("x-kubernetes-patch-strategy"); found {
			line += " patch:" + strategy
		}
		if key, found := property.Extensions.GetString("x-kubernetes-patch-merge-key"); found {
			line += " key:" + key
		}
		if keys, found := property.Extensions.GetStringSlice("x-kubernetes-list-map-keys"); found {
			line += " keys:" + strings.Join(keys, ",")
		}
		text = append(text, line)
	}
	lines = append(lines, strings.Join(text, "\n"))
}

func main() {
	definitions = openapi.Schema().Definitions
	var names, kinds []string
	for name := range definitions {
		if strings.HasPrefix(name, "io.k8s.") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		definition := definitions[name]
		define(short(name), &definition)
		served, _ := definition.Extensions["x-kubernetes-group-version-kind"].([]interface{})
		for _, one := range served {
			about, isMap := one.(map[string]interface{})
			if !isMap {
				continue
			}
			version := fmt.Sprint(about["version"])
			if group := fmt.Sprint(about["group"]); group != "" {
				version = group + "/" + version
			}
			kinds = append(kinds, fmt.Sprintf("kind %s %s %s", version, about["kind"], short(name)))
		}
	}
	sort.Strings(kinds)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	fmt.Fprintln(out, "# Written by tools/kustomize-table from the OpenAPI document of Kubernetes v1.21.2 in kyaml v0.21.1: do not edit.")
	for _, line := range append(kinds, lines...) {
		fmt.Fprintln(out, line)
	}
}
