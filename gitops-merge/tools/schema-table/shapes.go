package main

import (
	"encoding/json"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// shapes gives, for every Go type reachable from a registered kind, how each JSON field is held and written.
// A shape is one letter for the kind of the field (s struct by value, p pointer, l list, m map, b bytes, c text,
// i whole number, f other number, t truth value, n anything), then o for omitempty and z for omitzero.
func shapes() map[string]map[string]string {
	collector := collector{}
	for _, goType := range scheme.Scheme.AllKnownTypes() {
		collector.visit(goType)
	}
	collector.visit(reflect.TypeOf(apiextensions.CustomResourceDefinition{}))
	collector.visit(reflect.TypeOf(apiregistration.APIService{}))
	return collector
}

var marshaler = reflect.TypeFor[json.Marshaler]()

type collector map[string]map[string]string

// openAPIName is the name of a Go type in the OpenAPI documents: k8s.io/api/apps/v1.Deployment is
// io.k8s.api.apps.v1.Deployment.
func openAPIName(goType reflect.Type) string {
	host, path, found := strings.Cut(goType.PkgPath(), "/")
	if !found {
		return goType.Name()
	}
	parts := strings.Split(host, ".")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".") + "." + strings.ReplaceAll(path, "/", ".") + "." + goType.Name()
}

func (c collector) visit(goType reflect.Type) {
	switch goType.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		c.visit(goType.Elem())
	case reflect.Struct:
		if goType.Implements(marshaler) || reflect.PointerTo(goType).Implements(marshaler) {
			return // writes itself: quantities, times and raw JSON have no fields of their own
		}
		name := openAPIName(goType)
		if _, seen := c[name]; seen || !strings.HasPrefix(name, "io.k8s.") {
			return
		}
		fields := map[string]string{}
		c[name] = fields
		c.fields(goType, fields)
	}
}

func (c collector) fields(goType reflect.Type, out map[string]string) {
	for i := range goType.NumField() {
		field := goType.Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == "-" || !field.IsExported() {
			continue
		}
		if tag == "" && (field.Anonymous || strings.Contains(options, "inline")) {
			embedded := field.Type
			if embedded.Kind() == reflect.Pointer {
				embedded = embedded.Elem()
			}
			c.fields(embedded, out)
			continue
		}
		if tag == "" {
			continue
		}
		shape := letter(field.Type)
		for _, option := range strings.Split(options, ",") {
			switch option {
			case "omitempty":
				shape += "o"
			case "omitzero":
				shape += "z"
			}
		}
		out[tag] = shape
		c.visit(field.Type)
	}
}

func letter(goType reflect.Type) string {
	switch goType.Kind() {
	case reflect.Struct:
		return "s"
	case reflect.Pointer:
		return "p"
	case reflect.Slice:
		if goType.Elem().Kind() == reflect.Uint8 {
			return "b"
		}
		return "l"
	case reflect.Map:
		return "m"
	case reflect.String:
		return "c"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return "i"
	case reflect.Float32, reflect.Float64:
		return "f"
	case reflect.Bool:
		return "t"
	default:
		return "n"
	}
}
