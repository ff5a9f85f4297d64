// Package externalscaler is the protocol of KEDA's external scalers, which the guard's plugins speak. It is generated from
// externalscaler.proto by protoc (Debian's protobuf-compiler) with protoc-gen-go and protoc-gen-go-grpc of the versions that the
// generated files name:
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.11
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.0
//	go generate ./internal/scaling/externalscaler
//
// The protocol does not change, so `make generate`, which CI runs, does without protoc.
package externalscaler

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative externalscaler.proto
