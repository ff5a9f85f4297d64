package clb

import (
	"context"

	"github.com/knative-provider/terraform-provider-knative/internal/slb"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/cloud"
	"github.com/knative-provider/terraform-provider-knative/internal/slb/deploy"
)

// certificates lists an owner's: CLB keeps its own, of the region.
func (a api) certificates(ctx context.Context, o slb.Owner) ([]certificate, error) {
	var got struct {
		Certificates struct {
			All []certificate `json:"ServerCertificate"`
		} `json:"ServerCertificates"`
	}
	err := a.call(ctx, "DescribeServerCertificates", struct {
		Tags []cloud.Tag `json:"Tag"`
	}{deploy.OwnerTags(o)}, &got)
	return got.Certificates.All, err
}

func (a api) upload(ctx context.Context, o slb.Owner, c wantedCertificate) (id string, err error) {
	var got certificate
	err = a.call(ctx, "UploadServerCertificate", struct {
		Name       string      `json:"ServerCertificateName"`
		Chain      string      `json:"ServerCertificate" send:"body"`
		PrivateKey string      `json:"PrivateKey" send:"body"`
		Tags       []cloud.Tag `json:"Tag"`
	}{c.Name, c.Chain, string(c.PrivateKey), deploy.Tags(o, c.Key)}, &got)
	return got.ID, err
}

func (a api) deleteCertificate(ctx context.Context, id string) error {
	return a.call(ctx, "DeleteServerCertificate", struct {
		ID string `json:"ServerCertificateId"`
	}{id}, nil)
}

func (a api) extensions(ctx context.Context, balancer string, port int) ([]extension, error) {
	var got struct {
		Extensions struct {
			All []extension `json:"DomainExtension"`
		} `json:"DomainExtensions"`
	}
	err := a.call(ctx, "DescribeDomainExtensions", struct {
		balancerID
		Port int `json:"ListenerPort"`
	}{balancerID{balancer}, port}, &got)
	return got.Extensions.All, err
}

func (a api) createExtension(ctx context.Context, balancer string, port int, domain, certificate string) (id string, err error) {
	var got extensionID
	err = a.call(ctx, "CreateDomainExtension", struct {
		balancerID
		Port        int    `json:"ListenerPort"`
		Domain      string `json:"Domain"`
		Certificate string `json:"ServerCertificateId"`
	}{balancerID{balancer}, port, domain, certificate}, &got)
	return got.ID, err
}

type extensionID struct {
	ID string `json:"DomainExtensionId"`
}

func (a api) setExtension(ctx context.Context, id, certificate string) error {
	return a.call(ctx, "SetDomainExtensionAttribute", struct {
		extensionID
		Certificate string `json:"ServerCertificateId"`
	}{extensionID{id}, certificate}, nil)
}

func (a api) deleteExtension(ctx context.Context, id string) error {
	return a.call(ctx, "DeleteDomainExtension", extensionID{id}, nil)
}
