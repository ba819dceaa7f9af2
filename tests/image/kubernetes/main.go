// Reads Kubernetes manifests into the types that Kubernetes publishes, and fails on a field that they do not have.
package main

import (
	"bytes"
	"fmt"
	"os"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

func read(document []byte) (string, error) {
	var kind meta.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return "", err
	}
	name := kind.APIVersion + " " + kind.Kind
	types := map[string]any{
		"apps/v1 Deployment":                 &apps.Deployment{},
		"networking.k8s.io/v1 NetworkPolicy": &networking.NetworkPolicy{},
		"policy/v1 PodDisruptionBudget":      &policy.PodDisruptionBudget{},
		"v1 Service":                         &core.Service{},
	}
	object, known := types[name]
	if !known {
		return "", fmt.Errorf("no type %q is expected", name)
	}
	text, err := yaml.YAMLToJSONStrict(document)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	// As Kubernetes reads it: upper and lower case differ.
	wrong, err := json.UnmarshalStrict(text, object)
	if err == nil && len(wrong) > 0 {
		err = wrong[0]
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return name, nil
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		name, err := read(document)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(name)
	}
}
