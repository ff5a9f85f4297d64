package balancer

import (
	"cmp"
)

// fits says whether all that is wanted is so.
func (f Forwarded) fits(want Forwarded) bool {
	fits := func(have, want *bool) bool {
		return want == nil || have != nil && *have == *want || have == nil && !*want
	}
	return fits(f.For, want.For) && fits(f.Proto, want.Proto) && fits(f.Host, want.Host) && fits(f.SLBID, want.SLBID) &&
		fits(f.SLBPort, want.SLBPort) && fits(f.ClientSrcPort, want.ClientSrcPort)
}

// over is what is wanted, and what is there for the rest: the API takes all of it or none.
func (f Forwarded) over(have Forwarded) Forwarded {
	return Forwarded{
		cmp.Or(f.For, have.For), cmp.Or(f.Proto, have.Proto), cmp.Or(f.Host, have.Host), cmp.Or(f.SLBID, have.SLBID),
		cmp.Or(f.SLBPort, have.SLBPort), cmp.Or(f.ClientSrcPort, have.ClientSrcPort),
	}
}
