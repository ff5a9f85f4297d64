package cloud

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/alb"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/cas"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ecs"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/slb"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/vpc"
)

// Product is an API of Alibaba Cloud.
type Product struct {
	// Name is its name in Settings.Endpoints and, but for CAS, in RAM policies.
	Name string
	// Version is a date.
	Version string
}

// The products that are called here.
var (
	ALB = Product{"alb", "2020-06-16"}
	CLB = Product{"slb", "2014-05-15"}
	ECS = Product{"ecs", "2014-05-26"}
	VPC = Product{"vpc", "2016-04-28"}
	STS = Product{"sts", "2015-04-01"}
	CAS = Product{"cas", "2020-04-07"}
)

// ram is its name in RAM policies.
func (p Product) ram() string {
	if p == CAS {
		return "yundun-cert"
	}
	return p.Name
}

// Products are the names that Settings.Endpoints may have.
func Products() []string { return slices.Sorted(maps.Keys(endpointMaps())) }

// endpointMaps are the SDK's own, by product and region. The SDK makes each when it is first asked for, which races.
var endpointMaps = sync.OnceValue(func() map[string]map[string]string {
	return map[string]map[string]string{
		"alb": alb.GetEndpointMap(), "slb": slb.GetEndpointMap(), "ecs": ecs.GetEndpointMap(), "vpc": vpc.GetEndpointMap(),
		"sts": sts.GetEndpointMap(), "cas": cas.GetEndpointMap(),
	}
})

// endpointOf says where a product is called: where the settings say, else where the SDK knows it, else by its regional name.
func endpointOf(set Settings, p Product) (scheme, host string) {
	given := set.Endpoints[p.Name]
	if given == "" {
		if host = endpointMaps()[p.Name][set.Region]; host == "" {
			host = p.Name + "." + set.Region + ".aliyuncs.com"
		}
		return "https", host
	}
	if u, err := url.Parse(given); err == nil && u.Host != "" {
		return strings.ToLower(u.Scheme), u.Host
	}
	return "https", given
}
