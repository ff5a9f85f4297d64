// Package plane is a load balancer's data plane: fronts that listen on real ports, routes, pools of backends, health checks and
// draining. It carries HTTP/1.1, HTTP/2 with and without TLS, gRPC, WebSocket and TCP. It knows no API: whoever configures it
// speaks in routes and pools.
//
// Sources for its manners: Alibaba Cloud's ALB documents "Forwarding rules", "Health checks", "Connection draining" and
// "HTTP status codes returned by ALB".
package plane
