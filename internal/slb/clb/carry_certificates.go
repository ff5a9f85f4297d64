package clb

import (
	"fmt"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

func (r *run) upload(c wantedCertificate) {
	if r.lost() {
		return
	}
	id, err := r.api.upload(r.ctx, r.w.Owner, c)
	if deploy.Final(err) {
		r.hold("certificate "+c.Key, c.Name, deploy.Reason(err))
		return
	}
	if r.ok("uploading the certificate of the Secret "+c.Key, err) {
		r.s.certificates = append(r.s.certificates, certificate{id, c.Name})
	}
}

// extend makes an extension, or gives the one that there is another certificate.
func (r *run) extend(id string, e wantedExtension) {
	certificate := r.s.certificate(e.Name)
	if certificate == "" || r.lost() {
		return
	}
	var err error
	if id == "" {
		id, err = r.api.createExtension(r.ctx, r.w.LoadBalancerID, e.Port, e.Domain, certificate)
	} else {
		err = r.api.setExtension(r.ctx, id, certificate)
	}
	if deploy.Final(err) {
		r.hold(e.about(), e.Name, "its certificate, of the Secret "+e.Key+": "+deploy.Reason(err))
		return
	}
	if !r.ok(fmt.Sprintf("putting the certificate of the Secret %s on port %d", e.Key, e.Port), err) {
		return
	}
	r.s.dropExtension(id)
	r.s.extensions[e.Port] = append(r.s.extensions[e.Port], extension{id, e.Domain, certificate})
}

func (r *run) unextend(id string) {
	if r.lost() {
		return
	}
	if err := r.api.deleteExtension(r.ctx, id); cloud.IsGone(err) || r.ok("deleting the domain extension "+id, err) {
		r.s.dropExtension(id)
		clear(r.mem.held) // there may be room for what was refused
	}
}

func (s *state) dropExtension(id string) {
	for port, all := range s.extensions {
		s.extensions[port] = slices.DeleteFunc(all, func(e extension) bool { return e.ID == id })
	}
}

// forget deletes a certificate. One that somebody uses elsewhere stays: it is theirs now.
func (r *run) forget(id string) {
	if r.lost() {
		return
	}
	err := r.api.deleteCertificate(r.ctx, id)
	switch {
	case deploy.Final(err):
		r.mem.inUse[id] = true
	case cloud.IsGone(err) || r.ok("deleting the certificate "+id, err):
		r.s.certificates = slices.DeleteFunc(r.s.certificates, func(c certificate) bool { return c.ID == id })
	}
}
