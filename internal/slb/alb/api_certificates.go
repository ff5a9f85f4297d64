package alb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
)

// mostCertificates is how many certificates one call may put on a listener, or take off.
const mostCertificates = 20

// certificates lists those in SSL Certificates Service whose names begin so. The service looks for domains only, not for names, and
// has those that expired by themselves.
func (a api) certificates(ctx context.Context, prefix string) ([]*certificate, error) {
	var all []*certificate
	for _, status := range []string{"", "EXPIRED"} {
		for page, left := 1, 1; left > 0; page++ {
			var got struct {
				Total cloud.Int `json:"TotalCount"`
				Items []struct {
					Number cloud.Int `json:"CertificateId"`
					Name   string    `json:"Name"`
				} `json:"CertificateOrderList"`
			}
			err := a.Call(ctx, cloud.CAS, "ListUserCertificateOrder", struct {
				Type   string `json:"OrderType"`
				Status string `json:"Status"`
				Page   int    `json:"CurrentPage"`
				Size   int    `json:"ShowSize"`
			}{"UPLOAD", status, page, pageSize}, &got)
			if err != nil {
				return nil, err
			}
			for _, one := range got.Items {
				if strings.HasPrefix(one.Name, prefix) {
					all = append(all, &certificate{Name: one.Name, Number: one.Number})
				}
			}
			if left = int(got.Total) - page*pageSize; len(got.Items) == 0 {
				break
			}
		}
	}
	return all, nil
}

// certificateNumber names one to SSL Certificates Service.
type certificateNumber struct {
	Number cloud.Int `json:"CertId"`
}

// certificateID is what ALB calls a certificate: its number with a region behind it, which may be another than the caller's.
func (a api) certificateID(ctx context.Context, number cloud.Int) (string, error) {
	var got struct {
		ID string `json:"CertIdentifier"`
	}
	err := a.Call(ctx, cloud.CAS, "GetUserCertificateDetail", certificateNumber{number}, &got)
	return cmp.Or(got.ID, fmt.Sprintf("%d-%s", number, a.Region())), err
}

func (a api) upload(ctx context.Context, c wantedCertificate) (number cloud.Int, err error) {
	var made certificateNumber
	err = a.Call(ctx, cloud.CAS, "UploadUserCertificate", struct {
		Name       string `json:"Name"`
		Chain      string `json:"Cert" send:"body"`
		PrivateKey string `json:"Key" send:"body"`
	}{c.Name, c.Chain, string(c.PrivateKey)}, &made)
	return made.Number, err
}

func (a api) deleteCertificate(ctx context.Context, number cloud.Int) error {
	return a.Call(ctx, cloud.CAS, "DeleteUserCertificate", certificateNumber{number}, nil)
}

type listenerCertificate struct {
	ID      string     `json:"CertificateId"`
	Default cloud.Bool `json:"IsDefault" send:"never"`
	Status  string     `json:"Status" send:"never"`
}

// additional are the certificates of a listener beside its own.
func (a api) additional(ctx context.Context, listener string) ([]string, error) {
	found, err := cloud.All(ctx, func(ctx context.Context, p cloud.Page) ([]listenerCertificate, string, error) {
		var got struct {
			cloud.More
			Items []listenerCertificate `json:"Certificates"`
		}
		err := a.call(ctx, "ListListenerCertificates", struct {
			cloud.Page
			ID string `json:"ListenerId"`
		}{p, listener}, &got)
		return got.Items, got.Next, err
	}, pageSize)
	found = slices.DeleteFunc(found, func(c listenerCertificate) bool { return bool(c.Default) || c.Status == "Diassociating" })
	ids := make([]string, len(found))
	for i, c := range found {
		ids[i] = c.ID
	}
	return ids, err
}

// What is done with a listener's additional certificates.
const (
	putOn   = "AssociateAdditionalCertificatesWithListener"
	takeOff = "DissociateAdditionalCertificatesFromListener"
)

func (a api) associate(ctx context.Context, action, listener string, ids []string) (m made, err error) {
	in := struct {
		ID           string                `json:"ListenerId"`
		Certificates []listenerCertificate `json:"Certificates"`
	}{ID: listener}
	for _, id := range ids {
		in.Certificates = append(in.Certificates, listenerCertificate{ID: id})
	}
	err = a.call(ctx, action, in, &m)
	return m, err
}
