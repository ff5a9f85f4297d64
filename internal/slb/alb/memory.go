package alb

import (
	"time"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// memory is what is known about a load balancer beyond what can be read from it. A process that starts anew has none: it then waits
// once more where it had waited already.
type memory struct {
	zero    map[serverOf]time.Time // since when a server gets no requests
	unused  map[string]time.Time   // since when no rule uses a group, by its ID
	waiting map[string]time.Time   // since when a rule waits to be shifted, by its place
	ready   map[string]string      // rules that were ready once, by their place, with what they were then
	looking time.Time              // since when health is looked for that has not come
	held    deploy.Holds           // what was refused, by what it was about
	inUse   map[string]bool        // certificates that somebody else uses, by name
}

type serverOf struct {
	group string // its ID
	at    endpoint
}

func newMemory() *memory {
	return &memory{
		zero: map[serverOf]time.Time{}, unused: map[string]time.Time{}, waiting: map[string]time.Time{}, ready: map[string]string{}, held: deploy.Holds{},
		inUse: map[string]bool{},
	}
}
