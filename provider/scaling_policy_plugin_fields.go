package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/knative-provider/terraform-provider-knative/internal/fields"
)

var pluginFields = []fields.Field{
	{Name: "name", Key: "name", Required: true, Doc: "What the plugin is called in status and Events, 1–63 characters.", Validators: ofLength(1, 63)},
	{Name: "external", Key: "external", Kind: fields.Object, Fields: externalFields,
		Doc: "A scaler that speaks KEDA's external scaler protocol (`externalscaler.proto`), such as every one that is written for KEDA's `external` trigger."},
	{Name: "prometheus", Key: "prometheus", Kind: fields.Object, Fields: prometheusFields, Doc: "A Prometheus query."},
	{Name: "target", Key: "target", Doc: "How much of the metric one Pod is for, as a Kubernetes quantity: `5`, `0.5`, `100k`. Left out, an external scaler's own; a Prometheus query needs one.", Validators: atMost(32)},
	wholeSpan("interval", "interval", "How often it is asked. Default `15s`."),
	wholeSpan("timeout", "timeout", "How long an answer may take. Default `5s`."),
	wholeSpan("stabilization", "stabilization", "How long the largest floor of the plugin holds after its value fell, so that it does not flap. Default `5m`."),
	wholeSpan("keep_last", "keepLast", "How long the last value counts while the plugin gives none: it is down, slow, or answers with what is no metric. Default `5m`."),
}

var externalFields = []fields.Field{
	{Name: "address", Key: "address", Required: true, Doc: "`host:port` of its gRPC server.", Validators: ofLength(3, 260)},
	{Name: "metadata", Key: "metadata", Kind: fields.Map, Elem: &fields.Field{}, Doc: "What it is given with each call, as `scalerMetadata`. It is shown in plans and kept in the state and in the cluster as it is: no place for a secret."},
	{Name: "push", Key: "push", Kind: fields.Bool, Doc: "Let the scaler say when it is active (`StreamIsActive`), beside being asked."},
	{Name: "tls_secret", Key: "tlsSecret", Doc: "The name of a Secret of the policy's namespace with `ca.crt`, and `tls.crt` and `tls.key` for a client certificate. Without it the connection is not encrypted.", Validators: atMost(253)},
}

var prometheusFields = []fields.Field{
	{Name: "address", Key: "address", Required: true, Doc: "Its address: `http://prometheus.monitoring:9090`.", Validators: []validator.String{
		stringvalidator.LengthAtMost(1024),
		stringvalidator.RegexMatches(urlForm, "write an address that begins with http:// or https://"),
	}},
	{Name: "query", Key: "query", Required: true, Doc: "A query with one number as its answer.", Validators: ofLength(1, 4096)},
}
