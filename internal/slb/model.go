// Package slb says what a load balancer should look like to serve what Knative asks for, and brings it there: Wanted is made of
// KIngresses and EndpointSlices by pure functions, and carried out by the deployers in alb and clb.
package slb

import "fmt"

// Owner is whose rules, server groups and servers these are: it stands in the tags of all that is made, and nothing without
// these tags is touched.
type Owner struct {
	// Cluster tells clusters apart that share a load balancer: the UID of the namespace kube-system.
	Cluster string
	// Ingress is the SLBIngress.
	Ingress string
}

// Wanted is all that one load balancer should serve for one SLBIngress.
type Wanted struct {
	Owner          Owner
	LoadBalancerID string
	VPCID          string
	// PriorityFrom and PriorityTo are the rule priorities of an ALB listener that are ours, both included.
	PriorityFrom, PriorityTo int
	Listeners                []Listener
	// Groups are the server groups, each used by at least one rule.
	Groups []Group
	// Rules in the order in which they match: the first that does is taken.
	Rules []Rule
	// Certificates are those that HTTPS listeners have beside Terraform's.
	Certificates []Certificate
	// Certified says that the owner may have certificates there, be any wanted or not.
	Certified bool
	// Announced are the IDs of those that everyone was told of: only these are put on listeners, for whoever else looks after a
	// listener must be able to know them. Result.Certificates are to be announced.
	Announced []string
}

// Listener is one that Terraform made.
type Listener struct {
	ID       string // of ALB
	Port     int
	Protocol string // HTTP or HTTPS
}

// Certificate is that of a Secret.
type Certificate struct {
	// Key is the Secret, as namespace/name.
	Key string
	// Names are the hosts that it is for, some of them as *.example.com.
	Names []string
	// Ports are those of the listeners that have it.
	Ports []int
	// Chain is PEM, the server's own first.
	Chain string
	// PrivateKey is PEM.
	PrivateKey PrivateKey
}

// PrivateKey is not shown, however it is printed.
type PrivateKey string

// Format writes that it is there.
func (PrivateKey) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("(private key)")) }

// Protocol is what servers of a group speak.
type Protocol string

// Protocols of servers.
const (
	HTTP  Protocol = "HTTP"
	HTTP2 Protocol = "HTTP2" // h2c, without TLS
	GRPC  Protocol = "gRPC"
)

// Group is the Pods behind one Service of Kubernetes' at one port: those of a Revision, or Knative's activator in their place.
type Group struct {
	// Key tells groups of an owner apart for good: namespace/service:port.
	Key      string
	Protocol Protocol
	Servers  []Server
	// Activator says that the servers are those of Knative's activator: it needs a Target's InsertHeaders to know whose requests they
	// are, and so cannot be part of a split over several groups, nor stand behind a CLB.
	Activator bool
}

// Server is one Pod.
type Server struct {
	IP   string
	Port int
	// Draining servers get no new requests, and are removed when they have had time to end those they have.
	Draining bool
}

// Rule is one host and path, and where its requests go.
type Rule struct {
	// Key tells rules of an owner apart for good, whatever else of them changes.
	Key string
	// Ports are the ports of the listeners that it stands on.
	Ports []int
	// Host is matched exactly.
	Host string
	// Path is a prefix of whole segments; empty is all paths.
	Path string
	// Headers that a request must have, with exactly these values.
	Headers map[string]string
	// Redirect sends requests to HTTPS instead of anywhere else.
	Redirect bool
	// Forward is the split. Percents add up to 100.
	Forward []Target
	// InsertHeaders are set on each request, whatever its target.
	InsertHeaders map[string]string
	// RewriteHost is the Host that servers see; empty is the request's own.
	RewriteHost string
	// Certificate is the Key of the one that its HTTPS listeners need for it; empty: they have what they need.
	Certificate string
}

// Target is a part of a split.
type Target struct {
	Group   string // its Key
	Percent int
	// InsertHeaders are meant for this target's requests only: with one target they are the rule's. With several, or on a CLB, they
	// are left away: only the activator needs them.
	InsertHeaders map[string]string
}
