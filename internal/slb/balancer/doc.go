// Package balancer makes load balancers and their listeners, changes them, and takes them away again: Terraform's half of an ingress.
// Rules, the server groups that they use, and servers are the guard's half, and are never touched here. What is made here is:
//
//	the load balancer            unless it is adopted
//	a server group without       for a listener has to send what no rule takes somewhere
//	servers
//	listeners
//	on ALB, a rule for each      it answers with a redirect to HTTPS, and is not told to the guard
//	listener that only redirects
//
// All of it has a tag that says whose it is. A run that was killed, or whose reply was lost, has left nothing but what is in the
// cloud: the next looks for the tag before it makes anything, and so goes on with what is there.
package balancer
