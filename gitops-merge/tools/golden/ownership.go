package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"

	api "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/validation/spec"
	openapi "k8s.io/kubernetes/pkg/generated/openapi"
)

var widget = schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Widget"}

type step struct {
	Operation string         `json:"operation"`
	Manager   string         `json:"manager"`
	Force     bool           `json:"force"`
	Body      map[string]any `json:"body"`
}

// ownership replays writes of several managers on one custom object.
func ownership(definition string) (run, error) {
	models, err := customModels(definition)
	if err != nil {
		return nil, err
	}
	types, err := managedfields.NewTypeConverter(models, false)
	if err != nil {
		return nil, err
	}
	return func(input json.RawMessage) (any, error) {
		var steps []step
		if err := decode(input, &steps); err != nil {
			return nil, err
		}
		manager, err := managedfields.NewDefaultCRDFieldManager(
			types, same{}, same{}, same{}, widget, widget.GroupVersion(), "", nil)
		if err != nil {
			return nil, err
		}
		created, _ := same{}.New(widget)
		live := created.(*unstructured.Unstructured)
		var out []any
		for _, step := range steps {
			body := &unstructured.Unstructured{Object: step.Body}
			var next runtime.Object
			var err error
			if step.Operation == "apply" {
				next, err = manager.Apply(live, body, step.Manager, step.Force)
			} else {
				next = manager.UpdateNoErrors(live, body.DeepCopy(), step.Manager)
			}
			if err != nil {
				out = append(out, refusal(err))
				continue
			}
			live = next.(*unstructured.Unstructured).DeepCopy()
			live.SetUID("u")
			out = append(out, masked(live))
		}
		return out, nil
	}, nil
}

func refusal(err error) any {
	var status *api.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Details == nil {
		return map[string]any{"error": true}
	}
	var conflicts []string
	for _, cause := range status.ErrStatus.Details.Causes {
		conflicts = append(conflicts, cause.Field+" "+cause.Message)
	}
	sort.Strings(conflicts)
	return map[string]any{"conflicts": conflicts}
}

// masked leaves out the times, which are those of the run.
func masked(live *unstructured.Unstructured) any {
	copied := live.DeepCopy()
	entries := copied.GetManagedFields()
	for i := range entries {
		entries[i].Time = nil
	}
	copied.SetManagedFields(entries)
	return copied.Object
}

func customModels(path string) (map[string]*spec.Schema, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				} `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(data, &definition); err != nil {
		return nil, err
	}
	if len(definition.Spec.Versions) == 0 {
		return nil, fmt.Errorf("%s: no versions", path)
	}
	raw := definition.Spec.Versions[0].Schema.OpenAPIV3Schema
	properties := raw["properties"].(map[string]any)
	properties["apiVersion"] = map[string]any{"type": "string"}
	properties["kind"] = map[string]any{"type": "string"}
	properties["metadata"] = map[string]any{"$ref": reference(objectMeta)}
	raw["x-kubernetes-group-version-kind"] = []any{map[string]any{
		"group": widget.Group, "version": widget.Version, "kind": widget.Kind}}
	encoded, err := json.Marshal(raw)
	if err != nil {
		return nil, err
	}
	model := &spec.Schema{}
	if err := json.Unmarshal(encoded, model); err != nil {
		return nil, err
	}
	models := map[string]*spec.Schema{"com.example.v1.Widget": model}
	definitions := openapi.GetOpenAPIDefinitions(func(name string) spec.Ref {
		return spec.MustCreateRef(reference(name))
	})
	for name := range needed(definitions, objectMeta) {
		known := definitions[name].Schema
		models[modelName(name)] = &known
	}
	return models, nil
}

// modelName is a name without slashes, since the name of a type is what stands behind the last one of its reference.
func modelName(name string) string { return strings.ReplaceAll(name, "/", ".") }

func reference(name string) string { return "#/definitions/" + modelName(name) }

const objectMeta = "k8s.io/apimachinery/pkg/apis/meta/v1.ObjectMeta"

func needed(definitions map[string]common.OpenAPIDefinition, root string) map[string]bool {
	seen := map[string]bool{}
	wanted := []string{root}
	for len(wanted) > 0 {
		name := wanted[0]
		wanted = wanted[1:]
		if !seen[name] {
			seen[name] = true
			wanted = append(wanted, definitions[name].Dependencies...)
		}
	}
	return seen
}

// same stands for the conversion, defaulting and creation of custom objects of one version.
type same struct{}

func (same) Convert(in, out, context any) error { return nil }
func (same) ConvertToVersion(in runtime.Object, _ runtime.GroupVersioner) (runtime.Object, error) {
	return in.DeepCopyObject(), nil
}
func (same) ConvertFieldLabel(_ schema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}
func (same) Default(runtime.Object) {}
func (same) New(kind schema.GroupVersionKind) (runtime.Object, error) {
	object := &unstructured.Unstructured{Object: map[string]any{}}
	object.SetGroupVersionKind(kind)
	return object, nil
}
