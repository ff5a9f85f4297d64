package sidecar

import (
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"knative.dev/networking/pkg/apis/networking"
)

// backend is where the queue-proxy sends requests.
type backend struct {
	container *corev1.Container
	port      int32
	protocol  networking.ProtocolType
}

var (
	// Names, or what stands before a "-" in them, of ports that get requests; user-port is Knative's own.
	requestPorts = []string{"user-port", "http", "http1", "h2c", "http2", "grpc"}
	// Those of which speak HTTP/2 without TLS.
	http2Ports = []string{"h2c", "http2", "grpc"}
)

// findBackend finds the container and the port that get requests:
//
//	the annotation    TCP ports declared                  backend
//	a number, a name  one has it                          that one
//	a number          none has it, and one container      that container
//	a number, a name  else                                refused
//	none              one                                 that one
//	none              several, one named for requests     that one
//	none              else                                refused
func findBackend(pod *corev1.Pod) (backend, *Refusal) {
	declared, containers := tcpPorts(pod)
	if wanted := pod.Annotations[AnnotationPort]; wanted != "" {
		return findWanted(wanted, declared, containers)
	}
	named := choose(declared, func(p *corev1.ContainerPort) bool { return called(p.Name, requestPorts) })
	switch {
	case len(declared) == 1:
		return declared[0].backend(), nil
	case len(named) == 1:
		return named[0].backend(), nil
	case len(declared) == 0:
		return backend{}, &Refusal{NoPort, "No container of the Pod declares a TCP port.", "queue-proxy must know where to send requests.",
			fmt.Sprintf("Declare it under ports of the container, or write %s: \"8080\".", AnnotationPort)}
	}
	return backend{}, &Refusal{AmbiguousPort, fmt.Sprintf("The Pod has several ports: %s.", list(declared)),
		"One gets the requests: a single one, or the only one whose name says so (" + strings.Join(requestPorts, ", ") + ").",
		fmt.Sprintf("Name it by the annotation %s.", AnnotationPort)}
}

func findWanted(wanted string, declared []declaredPort, containers []*corev1.Container) (backend, *Refusal) {
	number, err := strconv.ParseInt(wanted, 10, 32)
	found := choose(declared, func(p *corev1.ContainerPort) bool {
		return p.Name == wanted || err == nil && int64(p.ContainerPort) == number
	})
	if len(found) > 0 {
		return found[0].backend(), nil
	}
	if err == nil && number > 0 && number <= 65535 && len(containers) == 1 {
		return backend{containers[0], int32(number), networking.ProtocolHTTP1}, nil
	}
	return backend{}, &Refusal{BadValue, fmt.Sprintf("The annotation %s is %q; the Pod declares %s.", AnnotationPort, wanted, list(declared)),
		"It is the number (1–65535) or the name of a TCP port that a container declares; one container alone need not declare it.",
		"Name a port of the Pod, or declare it under ports of its container."}
}

// declaredPort is a TCP port of a container.
type declaredPort struct {
	container *corev1.Container
	port      *corev1.ContainerPort
}

func (d declaredPort) backend() backend {
	protocol := networking.ProtocolHTTP1
	if called(d.port.Name, http2Ports) {
		protocol = networking.ProtocolH2C
	}
	return backend{d.container, d.port.ContainerPort, protocol}
}

// tcpPorts are those of the containers that are not the queue-proxy, and these containers.
func tcpPorts(pod *corev1.Pod) (ports []declaredPort, containers []*corev1.Container) {
	for i := range pod.Spec.Containers {
		c := &pod.Spec.Containers[i]
		if isQueueProxy(c) {
			continue
		}
		containers = append(containers, c)
		for j := range c.Ports {
			if p := &c.Ports[j]; p.Protocol == "" || p.Protocol == corev1.ProtocolTCP {
				ports = append(ports, declaredPort{c, p})
			}
		}
	}
	return ports, containers
}

func choose(ports []declaredPort, want func(*corev1.ContainerPort) bool) []declaredPort {
	var out []declaredPort
	for _, d := range ports {
		if want(d.port) {
			out = append(out, d)
		}
	}
	return out
}

func called(name string, names []string) bool {
	for _, n := range names {
		if name == n || strings.HasPrefix(name, n+"-") {
			return true
		}
	}
	return false
}

func list(ports []declaredPort) string {
	if len(ports) == 0 {
		return "none"
	}
	out := make([]string, 0, len(ports))
	for _, d := range ports {
		name := ""
		if d.port.Name != "" {
			name = fmt.Sprintf(" (%s)", d.port.Name)
		}
		out = append(out, fmt.Sprintf("%d%s of %s", d.port.ContainerPort, name, d.container.Name))
	}
	return strings.Join(out, ", ")
}
