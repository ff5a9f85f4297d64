package balancer

import (
	"context"
	"slices"
)

// Owner is whose load balancer and listeners these are.
type Owner struct {
	// Cluster tells clusters apart: the UID of the namespace kube-system.
	Cluster string
	// Name is that of the SLBIngress.
	Name string
	// Guards gives the IDs of certificates that the guard may have put on listeners, as it tells before it does. They are not read,
	// and stay. Nil: there are none.
	Guards func(context.Context) ([]string, error)
}

// OwnerTag is the key of the tag on all that is made here. It is another than those of the guard, which takes away what has its
// tags and is not needed.
const OwnerTag = "knative-provider.dev/terraform"

// tag is its value.
func (o Owner) tag() string { return o.Cluster + "/" + o.Name }

// Settings are a load balancer's own. What is empty is left to the API when it is made, and left as it is when it is changed.
type Settings struct {
	Name            string
	AddressType     string
	VPCID           string
	ResourceGroupID string
	Protected       *bool  // from deletion
	Modification    string // NonProtection or ConsoleProtection
	Reason          string // of ConsoleProtection
	Tags            map[string]string
	ALBSettings     // of an ALB
	CLBSettings     // of a CLB
}

// ALBSettings are those that only an ALB has.
type ALBSettings struct {
	Edition              string
	AddressAllocatedMode string
	Zones                []Zone
}

// CLBSettings are those that only a CLB has.
type CLBSettings struct {
	VSwitchID          string
	Spec               string
	InternetChargeType string
	InstanceChargeType string
	Bandwidth          int // Mbit/s
	MasterZoneID       string
	SlaveZoneID        string
}

// Zone is a zone of an ALB.
type Zone struct {
	ID        string `json:"ZoneId"`
	VSwitchID string `json:"VSwitchId"`
}

// Balancer is a load balancer as it is.
type Balancer struct {
	Settings
	ID     string
	Status string
	// DNSName is an ALB's, IP a CLB's.
	DNSName, IP string
	// Owner is the value of our tag: it is empty on what was not made here.
	Owner string
}

// Address is what leads to it.
func (b *Balancer) Address() string {
	if b.DNSName != "" {
		return b.DNSName
	}
	return b.IP
}

// Listener is one, as it should be or as it is. What is empty in one that should be is left to the API.
type Listener struct {
	Port     int
	Protocol string // HTTP or HTTPS
	// Certificates are the IDs of an HTTPS listener's; the first is the one that clients get whose host no other fits.
	Certificates []string
	// ForwardPort is where a listener that only redirects to HTTPS redirects to.
	ForwardPort    int
	IdleTimeout    int    // seconds
	RequestTimeout int    // seconds
	TLSPolicy      string // security policy of ALB, cipher policy of CLB
	Forwarded      Forwarded

	// ID, Status and Owner are those of one that is.
	ID     string
	Status string
	Owner  string
	rule   string // the ID of the redirect of an ALB listener
}

// Forwarded is which headers tell servers about the client. Nil is left to the API.
type Forwarded struct {
	For, Proto, Host, SLBID, SLBPort, ClientSrcPort *bool
}

// Running says whether a listener serves, or is about to.
func (l Listener) Running() bool {
	return !slices.Contains([]string{"Stopped", "stopped", "stopping", "Deleting"}, l.Status)
}
