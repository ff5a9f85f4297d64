// Package slbsim emulates Alibaba Cloud's load balancers: the APIs of ALB (2020-06-16) and CLB (2014-05-15) at their wire
// protocol, what is needed around them of ECS, VPC, STS, CAS and CS, and a data plane that carries real traffic.
//
// It is written from the documents of these APIs and from the request and response structs of
// github.com/aliyun/alibaba-cloud-sdk-go v1.63.107. Where the documents leave a choice it takes the stricter one: what passes
// here should pass there. [U] in a comment marks what no document at hand says.
//
// A parameter that it does not model is refused, never ignored. Of those that it takes, these are kept and shown but have no
// effect: compression, cipher policies, upstream keep-alive, cross-zone, resource groups, specifications and charges.
//
// A Sim is an http.Handler for the APIs. Its load balancers have addresses of the loopback range, and their listeners open
// real ports there. State, faults and the record of calls are at /_sim/ (see page.go) and as methods.
package slbsim
