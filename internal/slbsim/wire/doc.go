// Package wire speaks Alibaba Cloud's API protocol as a server: RPC and ROA style, signatures, nonces and timestamps, flat
// parameters bound to structs, ClientToken, dry runs, rate limits, and faults on demand. It knows the protocol and no product.
//
// Sources: "Request signatures" (RPC and ROA mechanism, Signature Version 1.0) and "Common error codes" of Alibaba Cloud's
// documents, and the client side of github.com/aliyun/alibaba-cloud-sdk-go v1.63.107.
package wire
