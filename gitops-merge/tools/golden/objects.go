package main

import (
	"encoding/json"
	"os"

	core "k8s.io/api/core/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensions1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
)

// strategic merges a patch into a Pod.
func strategic(input json.RawMessage) (any, error) {
	var merge struct {
		Object map[string]any `json:"object"`
		Patch  map[string]any `json:"patch"`
	}
	if err := decode(input, &merge); err != nil {
		return nil, err
	}
	return strategicpatch.StrategicMergeMapPatch(merge.Object, merge.Patch, core.Pod{})
}

// defaults reads an object into its internal type and writes it again.
func defaults(input json.RawMessage) (any, error) {
	var object struct {
		APIVersion string `json:"apiVersion"`
	}
	if err := json.Unmarshal(input, &object); err != nil {
		return nil, err
	}
	version, err := schema.ParseGroupVersion(object.APIVersion)
	if err != nil {
		return nil, err
	}
	codec := legacyscheme.Codecs.LegacyCodec(version)
	decoded, err := runtime.Decode(codec, input)
	if err != nil {
		return nil, err
	}
	encoded, err := runtime.Encode(codec, decoded)
	return json.RawMessage(encoded), err
}

// structural checks a custom object against a schema.
func structural(path string) (run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	versioned := &apiextensions1.JSONSchemaProps{}
	if err := json.Unmarshal(data, versioned); err != nil {
		return nil, err
	}
	internal := &apiextensions.JSONSchemaProps{}
	err = apiextensions1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(versioned, internal, nil)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(internal)
	if err != nil {
		return nil, err
	}
	types, err := structuralschema.NewStructural(internal)
	if err != nil {
		return nil, err
	}
	return func(input json.RawMessage) (any, error) {
		object := map[string]any{}
		if err := decode(input, &object); err != nil {
			return nil, err
		}
		errs := validation.ValidateCustomResource(nil, object, validator)
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, types, object)...)
		causes := [][]string{}
		for _, cause := range errs {
			causes = append(causes, []string{cause.Field, string(cause.Type), cause.ErrorBody()})
		}
		return causes, nil
	}, nil
}
