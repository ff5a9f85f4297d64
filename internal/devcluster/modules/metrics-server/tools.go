//go:build tools

// Package tools keeps in go.mod what the program built from this module needs.
package tools

import _ "sigs.k8s.io/metrics-server/cmd/metrics-server"
