package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
)

const deduced = "__untyped_deduced_"

// writer prints kinds, then every type that they reach.
type writer struct {
	out    *bufio.Writer
	models map[string]*spec.Schema
	shapes map[string]map[string]string
	types  map[string]schema.Atom
	keys   map[string]bool
	wanted []string
	seen   map[string]bool
}

func (w *writer) write(kinds []*kind) error {
	w.seen = map[string]bool{}
	fmt.Fprintln(w.out, "# Written by tools/schema-table from the OpenAPI v3 documents and Go types of Kubernetes v1.34.2: do not edit.")
	for _, kind := range kinds {
		scope := "cluster"
		if kind.namespaced {
			scope = "namespaced"
		}
		subresources := strings.Join(sortedKeys(kind.subresources), ",")
		if subresources == "" {
			subresources = "-"
		}
		fmt.Fprintf(w.out, "kind %s %s %s %s %s %s\n", kind.apiVersion, kind.kind, kind.plural, scope, subresources, w.name(kind.typeName))
	}
	w.name("io.k8s.api.autoscaling.v1.Scale") // the body of a subresource, which no resource refers to
	for len(w.wanted) > 0 {
		batch := w.wanted
		w.wanted = nil
		sort.Strings(batch)
		for _, name := range batch {
			if err := w.definition(name); err != nil {
				return err
			}
		}
	}
	return w.out.Flush()
}

// name asks for a type to be written and gives its short name.
func (w *writer) name(name string) string {
	if !w.seen[name] {
		w.seen[name] = true
		w.wanted = append(w.wanted, name)
	}
	return shortName(name)
}

func (w *writer) definition(name string) error {
	atom, found := w.types[name]
	if !found {
		return fmt.Errorf("type %s is referred to but not defined", name)
	}
	if name == deduced || name == "__untyped_atomic_" {
		return nil
	}
	if atom.Map == nil || len(atom.Map.Fields) == 0 {
		expression, err := w.atom(atom)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w.out, "type %s %s\n", shortName(name), expression)
		return nil
	}
	mark := "struct"
	if atom.Map.ElementRelationship == schema.Atomic {
		mark = "struct!"
	}
	fmt.Fprintf(w.out, "type %s %s\n", shortName(name), mark)
	fields := append([]schema.StructField{}, atom.Map.Fields...)
	sort.Slice(fields, func(i, j int) bool { return fields[i].Name < fields[j].Name })
	for _, field := range fields {
		expression, err := w.reference(field.Type)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", name, field.Name, err)
		}
		shape := w.shapes[name][field.Name]
		if shape == "" {
			shape = "-"
		}
		property := w.models[name].Properties[field.Name]
		if values := property.AdditionalProperties; values != nil && values.Schema != nil && values.Schema.Format == "byte" {
			expression = "{}bytes"
		}
		line := "\t" + field.Name + " " + expression + " " + shape
		strategy, key := "", ""
		extension(property.Extensions, "x-kubernetes-patch-strategy", &strategy)
		extension(property.Extensions, "x-kubernetes-patch-merge-key", &key)
		if strategy != "" {
			line += " patch:" + strategy
			if key != "" {
				line += ":" + key
			}
		}
		for _, required := range w.models[name].Required {
			if required == field.Name {
				line += " required"
			}
		}
		if field.Default != nil && !emptyMap(field.Default) && (w.keys[field.Name] || !zero(field.Default)) {
			value, err := json.Marshal(field.Default)
			if err != nil {
				return err
			}
			line += " default:" + string(value)
		}
		fmt.Fprintln(w.out, line)
	}
	return nil
}

func emptyMap(value any) bool {
	object, is := value.(map[string]any)
	return is && len(object) == 0
}

// zero tells a default that only repeats the zero value of the Go type; it matters for the keys of lists alone.
func zero(value any) bool { return reflect.ValueOf(value).IsZero() }

// listKeys collects every field name that is a key of some list.
func listKeys(types []schema.TypeDef) map[string]bool {
	keys := map[string]bool{}
	for _, definition := range types {
		if definition.Map == nil {
			continue
		}
		for _, field := range definition.Map.Fields {
			if list := field.Type.Inlined.List; list != nil {
				for _, key := range list.Keys {
					keys[key] = true
				}
			}
		}
	}
	return keys
}

func (w *writer) reference(reference schema.TypeRef) (string, error) {
	if reference.NamedType == nil {
		return w.atom(reference.Inlined)
	}
	name := "@" + w.name(*reference.NamedType)
	if reference.ElementRelationship != nil {
		if *reference.ElementRelationship == schema.Atomic {
			return name + "!", nil
		}
		return name + "~", nil
	}
	return name, nil
}

func (w *writer) atom(atom schema.Atom) (string, error) {
	switch {
	case atom.Scalar != nil && atom.List != nil && atom.Map != nil:
		if atom.Map.ElementRelationship == schema.Atomic {
			return "@__untyped_atomic_", nil
		}
		return "@" + deduced, nil
	case atom.Scalar != nil:
		switch *atom.Scalar {
		case schema.String:
			return "string", nil
		case schema.Numeric:
			return "number", nil
		case schema.Boolean:
			return "boolean", nil
		}
		return "scalar", nil
	case atom.List != nil:
		element, err := w.reference(atom.List.ElementType)
		if err != nil {
			return "", err
		}
		switch {
		case atom.List.ElementRelationship == schema.Atomic:
			return "[]" + element, nil
		case len(atom.List.Keys) == 0:
			return "[=]" + element, nil
		}
		return "[" + strings.Join(atom.List.Keys, ",") + "]" + element, nil
	case atom.Map != nil:
		if len(atom.Map.Fields) > 0 {
			return "", fmt.Errorf("an inlined struct is not known to the table")
		}
		element, err := w.reference(atom.Map.ElementType)
		if err != nil {
			return "", err
		}
		if atom.Map.ElementRelationship == schema.Atomic {
			return "{!}" + element, nil
		}
		return "{}" + element, nil
	}
	return "", fmt.Errorf("an empty type")
}
