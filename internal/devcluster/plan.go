package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// plan is everything a start puts on the machine. It is made without touching anything, so two plans
// can be compared by their keys: that is how `up` knows whether what runs is what it would start.
type plan struct {
	artifacts map[string]artifact
	files     map[string]string // what the daemons read, by path
	daemons   map[string]daemon
	manifests map[string][]byte // of the add-ons, by name
	key       string
}

func newPlan(c config) (*plan, error) {
	artifacts, err := planArtifacts(c)
	if err != nil {
		return nil, err
	}
	kube := artifacts["kube"].dir(c) + "/kube"
	p := &plan{
		artifacts: artifacts,
		daemons: map[string]daemon{
			containerdName:   containerdDaemon(),
			controlPlaneName: controlPlaneDaemon(kube),
			kubeletName:      kubeletDaemon(kube),
			kubeProxyName:    kubeProxyDaemon(kube),
			registryName:     {registryName, []string{artifacts["small"].dir(c) + "/registry", registryAddr}},
		},
		manifests: map[string][]byte{},
	}
	// The plugins may be missing until the packages are installed; they come where Debian puts them.
	cni, err := cniDir()
	if err != nil {
		cni = cniDirs[0]
	}
	p.files = containerdFiles(cni)
	p.files[etcdConfigFile] = etcdConfig()
	p.files[kubeletConfigFile] = kubeletConfig()
	p.files[kubeProxyConfigFile] = kubeProxyConfig()
	names := []string{quickReadiness}
	for _, d := range addons {
		names = append(names, d.name)
	}
	for _, name := range names {
		if p.manifests[name], err = render(c, name); err != nil {
			return nil, fmt.Errorf("manifests/%s.yaml: %w", name, err)
		}
	}
	p.key, err = p.hash()
	return p, err
}

// planArtifacts names everything to be built, by name.
func planArtifacts(c config) (map[string]artifact, error) {
	all := map[string]artifact{}
	var errs []error
	for _, p := range programs() {
		a, err := p.artifact(c)
		errs = append(errs, err)
		all[a.name] = a
	}
	for _, s := range imageSets {
		a := s.artifact(c, all[s.program])
		all[a.name] = a
	}
	a, err := knativeManifests(c)
	all[a.name] = a
	return all, errors.Join(append(errs, err)...)
}

func (p *plan) hash() (string, error) {
	h := &hasher{}
	for _, name := range slices.Sorted(maps.Keys(p.artifacts)) {
		h.add(name, p.artifacts[name].key)
	}
	h.add(nftRules)
	// encoding/json writes maps in the order of their keys.
	for _, part := range []any{p.files, p.manifests} {
		b, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		h.add(string(b))
	}
	for _, name := range daemonNames {
		h.add(p.daemons[name].argv...)
	}
	return h.key(), nil
}

// missing are the artifacts still to be made, in an order in which each finds what it is made from.
func (p *plan) missing(c config) []artifact {
	var list []artifact
	for _, pr := range programs() {
		list = append(list, p.artifacts[pr.name])
	}
	for _, s := range imageSets {
		list = append(list, p.artifacts[s.name+"-images"])
	}
	list = append(list, p.artifacts["knative-manifests"])
	return slices.DeleteFunc(list, func(a artifact) bool { return a.cached(c) })
}
