package main

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
)

// TestAccSLBSecretsNotAllowed has the guard look at its rights before it waits for what it may not read.
func TestAccSLBSecretsNotAllowed(t *testing.T) {
	g := connect(t)
	none := g.as("none")
	lists := g.as("lists", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list"}})
	both := g.as("both", rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list", "watch"}})
	reads := &balancers{enabled: true, secrets: true}

	if err := reads.allowed(t.Context(), none, ""); err == nil || !strings.Contains(err.Error(), "may not list the Secrets of all namespaces") {
		t.Errorf("without a right: %v", err)
	}
	if err := reads.allowed(t.Context(), lists, g.namespace); err == nil || !strings.Contains(err.Error(), "may not watch the Secrets of namespace "+g.namespace) {
		t.Errorf("without a watch: %v", err)
	}
	if err := reads.allowed(t.Context(), both, g.namespace); err != nil {
		t.Errorf("with both rights: %v", err)
	}
	if err := (&balancers{enabled: true}).allowed(t.Context(), none, ""); err != nil {
		t.Errorf("where no Secret is read: %v", err)
	}
}
