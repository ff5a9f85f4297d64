// Package alb brings an ALB to what is wanted: rules on its listeners, a server group for each group of Pods, and servers.
//
// Deploy reads what there is, or takes what it knows from its last turn; plans what can be done now (see plan); and carries it out.
// What has to wait, for a health check or for servers to drain, is done by a later Deploy, so each one is short, and one that is killed
// at any call is gone on with by the next.
package alb
