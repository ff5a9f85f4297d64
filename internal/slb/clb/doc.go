// Package clb brings a CLB to what is wanted: rules of a host and a path on its listeners, one VServer group for each rule, and servers
// whose weights come as close to the rule's split as integers from 0 to 100 do.
//
// A CLB can do less than an ALB. What it cannot do is left out with the reason: rules with headers, headers to insert (and with them
// Knative's activator, so a revision needs a Pod to be served), another Host for the servers, redirects of single hosts, and gRPC. A
// path is a prefix of characters, not of whole segments. Servers are network interfaces (ENIs), which ECS is asked for by address.
//
// Health checks of listeners are to be off: a CLB's are HTTP requests, which the queue-proxy counts as traffic, so nothing would ever
// scale to zero. Servers are those that Kubernetes says are ready.
package clb
