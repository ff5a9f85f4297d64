package alb

import (
	"fmt"
	"slices"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

func (r *run) upload(c wantedCertificate) {
	number, err := r.api.upload(r.ctx, c)
	if deploy.Final(err) {
		r.hold("certificate "+c.Key, c.Name, deploy.Reason(err))
		return
	}
	id := ""
	if err == nil {
		id, err = r.api.certificateID(r.ctx, number)
	}
	if err != nil {
		r.fail(fmt.Errorf("uploading the certificate of the Secret %s: %w", c.Key, err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.certificates[c.Name] = &certificate{c.Name, number, id}
}

// putOn puts certificates on a listener: where a call is refused, each by itself, to find those that do not fit.
func (r *run) putOn(listener string, names []string) {
	for some := range slices.Chunk(names, mostCertificates) {
		m, err := r.api.associate(r.ctx, putOn, listener, r.idsOf(some))
		if deploy.Final(err) && len(some) > 1 {
			for _, name := range some {
				r.putOn(listener, []string{name})
			}
			continue
		}
		if deploy.Final(err) {
			key := r.secretOf(some[0])
			r.hold(placeOf(key, listener), some[0], "its certificate, of the Secret "+key+": "+deploy.Reason(err))
			continue
		}
		if r.done("putting certificates on listener "+listener, m, err) {
			r.mu.Lock()
			r.s.extra[listener] = append(r.s.extra[listener], r.idsOf(some)...)
			r.mu.Unlock()
		}
	}
}

func (r *run) takeOff(listener string, names []string) {
	for some := range slices.Chunk(names, mostCertificates) {
		ids := r.idsOf(some)
		m, err := r.api.associate(r.ctx, takeOff, listener, ids)
		if r.done("taking certificates off listener "+listener, m, err) {
			r.mu.Lock()
			r.s.extra[listener] = slices.DeleteFunc(r.s.extra[listener], func(id string) bool { return slices.Contains(ids, id) })
			clear(r.mem.held) // there may be room for what was refused
			r.mu.Unlock()
		}
	}
}

// forget deletes a certificate. One that somebody uses elsewhere stays: it is theirs now.
func (r *run) forget(name string) {
	r.mu.Lock()
	number := r.s.certificates[name].Number
	r.mu.Unlock()
	err := r.api.deleteCertificate(r.ctx, number)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil || cloud.IsGone(err):
		delete(r.s.certificates, name)
	case deploy.Final(err):
		r.mem.inUse[name] = true
	default:
		r.errs = append(r.errs, fmt.Errorf("deleting the certificate %s: %w", name, err))
	}
}

func (r *run) idsOf(names []string) []string {
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = r.s.certificates[name].ID
	}
	return ids
}

func (r *run) secretOf(name string) string {
	i := slices.IndexFunc(r.want.Certificates, func(c wantedCertificate) bool { return c.Name == name })
	return r.want.Certificates[i].Key
}
