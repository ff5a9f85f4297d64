// Package v1alpha1 is this project's own API: what operators declare, and what the guard writes down. Its CRDs are generated
// from these types into the guard's chart.
//
// +kubebuilder:object:generate=true
// +groupName=knative-provider.dev
package v1alpha1

//go:generate go tool -modfile=../../tools/controller-gen/go.mod controller-gen object crd paths=. output:crd:dir=../../../webhook/chart/crds
