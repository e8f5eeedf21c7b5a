// Command golden writes the expected results of gitops-merge's golden tests with the libraries of Kubernetes v1.34.2.
//
// A golden file has one case a line, {"input": ..., "expected": ...}. The command reads such lines, computes every
// expectation anew from its input, and writes the lines again; a new case needs only its input.
//
// Usage, in this folder:
//
//	go run . ownership ../../tests/golden/definition.json < ../../tests/golden/ownership.jsonl
//	go run . strategic < ../../tests/golden/strategic.jsonl
//	go run . defaults < ../../tests/golden/defaults.jsonl
//	go run . structural ../../tests/golden/structural.json < ../../tests/golden/structural.jsonl
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"log"
	"os"

	kjson "sigs.k8s.io/json"
)

// run computes the expectation of one input.
type run func(input json.RawMessage) (any, error)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 {
		log.Fatal("usage: golden ownership|strategic|defaults|structural [FILE] < CASES")
	}
	var compute run
	var err error
	switch os.Args[1] {
	case "ownership":
		compute, err = ownership(argument())
	case "strategic":
		compute = strategic
	case "defaults":
		compute = defaults
	case "structural":
		compute, err = structural(argument())
	default:
		log.Fatalf("%s: no such golden file", os.Args[1])
	}
	if err != nil {
		log.Fatal(err)
	}
	if err := each(compute); err != nil {
		log.Fatal(err)
	}
}

func argument() string {
	if len(os.Args) < 3 {
		log.Fatalf("%s: needs a file", os.Args[1])
	}
	return os.Args[2]
}

func each(compute run) error {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<24)
	out := bufio.NewWriter(os.Stdout)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for in.Scan() {
		var line struct {
			Input json.RawMessage `json:"input"`
		}
		if err := json.Unmarshal(in.Bytes(), &line); err != nil {
			return err
		}
		expected, err := compute(line.Input)
		if err != nil {
			expected = map[string]string{"error": err.Error()}
		}
		if err := encoder.Encode(map[string]any{"input": line.Input, "expected": expected}); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

// decode keeps whole numbers whole, as the API server does.
func decode(data []byte, into any) error {
	return kjson.UnmarshalCaseSensitivePreserveInts(bytes.TrimSpace(data), into)
}
