// Command schema-table writes the table of built-in Kubernetes types that gitops-merge ships.
//
// It reads the OpenAPI v3 documents of a Kubernetes release (api/openapi-spec/v3 of module k8s.io/kubernetes),
// turns them into structured-merge types with the converter that kube-apiserver uses, and adds, from the Go types,
// how every field is written as JSON (value, pointer, list, map, and whether it is left out when empty).
//
// Usage, in this folder:
//
//	dir=$(go mod download -json k8s.io/kubernetes@v1.34.2 | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
//	go run . "$dir/api/openapi-spec/v3" > ../../src/schema/builtin.table
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"

	"k8s.io/kube-openapi/pkg/schemaconv"
	"k8s.io/kube-openapi/pkg/spec3"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/schema"
)

// stable names the documents of released versions, the only ones that a server serves when it is not told otherwise.
var stable = regexp.MustCompile(`^api(s__[a-z0-9.-]+)?__v[0-9]+_openapi\.json$`)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: schema-table DIRECTORY-OF-OPENAPI-V3-DOCUMENTS")
	}
	documents, err := read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	models := map[string]*spec.Schema{}
	kinds := kinds{}
	for _, document := range documents {
		for name, model := range document.Components.Schemas {
			models[name] = model
		}
		for path, item := range document.Paths.Paths {
			kinds.add(path, item)
		}
	}
	types, err := schemaconv.ToSchemaFromOpenAPI(models, false)
	if err != nil {
		log.Fatal(err)
	}
	writer := writer{out: bufio.NewWriter(os.Stdout), models: models, shapes: shapes(), types: map[string]schema.Atom{}, keys: listKeys(types.Types)}
	for _, definition := range types.Types {
		writer.types[definition.Name] = definition.Atom
	}
	if err := writer.write(kinds.index(models)); err != nil {
		log.Fatal(err)
	}
}

func read(directory string) ([]*spec3.OpenAPI, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var documents []*spec3.OpenAPI
	for _, entry := range entries {
		if !stable.MatchString(entry.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(directory, entry.Name()))
		if err != nil {
			return nil, err
		}
		document := &spec3.OpenAPI{}
		if err := json.Unmarshal(data, document); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
		documents = append(documents, document)
	}
	if len(documents) == 0 {
		return nil, fmt.Errorf("%s: holds no OpenAPI v3 document", directory)
	}
	return documents, nil
}

// shortName leaves out the prefix that nearly every type has.
func shortName(name string) string {
	if short, found := strings.CutPrefix(name, "io.k8s.api."); found {
		return short
	}
	if short, found := strings.CutPrefix(name, "io.k8s.apimachinery.pkg."); found {
		return "machinery." + short
	}
	return name
}

func sortedKeys[V any](values map[string]V) []string {
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
