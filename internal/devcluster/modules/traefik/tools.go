//go:build tools

// Package tools keeps in go.mod what the program built from this module needs.
package tools

import _ "github.com/traefik/traefik/v3/cmd/traefik"
