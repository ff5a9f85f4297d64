package provider

import (
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// What becomes of the traffic when a gate fails.
const (
	onFailureReturn = "return"
	onFailureHold   = "hold"
)

// progressDoc is said of the resource: a block's description has one paragraph.
const progressDoc = "With `progress` it moves the traffic in steps. A step is written, Knative carries it out, the pause passes, and then each Revision that gets more traffic must be Ready and every gate must pass. After the last step the whole split is written as it is. " +
	"A gate that fails moves all traffic back to where it was before the first step, and ends the apply with an error that says which gate it was and what it saw.\n\n" +
	"A **rollback** takes no steps and asks no gates: it is a change that gives more traffic only to Revisions that are older than all those that lose some. " +
	"An apply that is interrupted leaves the traffic at the step that it had reached. The next one goes on from there, with that step's pause and gates first. " +
	"Where somebody else changes the split meanwhile, the apply stops and touches nothing more. " +
	"Until the last step, the annotation `" + beforeAnnotation + "` of the Service says where the move began.\n\n" +
	"Traffic that follows the latest Revision moves by itself as soon as a new one is Ready, and before any step: let the split name the Revision in use before the template changes."

// progressModel is the progress block. Its lists are kept as such: a dynamic block may be unknown as a whole.
type progressModel struct {
	OnFailure types.String `tfsdk:"on_failure"`
	Steps     types.List   `tfsdk:"step"`
	Gates     types.List   `tfsdk:"gate"`
}

type stepModel struct {
	Percent types.Int64  `tfsdk:"percent"`
	Pause   types.String `tfsdk:"pause"`
}

type gateModel struct {
	Name         types.String    `tfsdk:"name"`
	Count        types.Int64     `tfsdk:"count"`
	FailureLimit types.Int64     `tfsdk:"failure_limit"`
	Interval     types.String    `tfsdk:"interval"`
	HTTP         *httpGate       `tfsdk:"http"`
	Prometheus   *prometheusGate `tfsdk:"prometheus"`
}

type httpGate struct {
	URL          types.String `tfsdk:"url"`
	Tag          types.String `tfsdk:"tag"`
	Path         types.String `tfsdk:"path"`
	Method       types.String `tfsdk:"method"`
	Headers      types.Map    `tfsdk:"headers"`
	ConnectTo    types.String `tfsdk:"connect_to"`
	ExpectStatus types.List   `tfsdk:"expect_status"`
	ExpectBody   types.String `tfsdk:"expect_body"`
	Timeout      types.String `tfsdk:"timeout"`
}

type prometheusGate struct {
	Address types.String  `tfsdk:"address"`
	Query   types.String  `tfsdk:"query"`
	Min     types.Float64 `tfsdk:"min"`
	Max     types.Float64 `tfsdk:"max"`
	Headers types.Map     `tfsdk:"headers"`
	Timeout types.String  `tfsdk:"timeout"`
}

func progressBlock() schema.Block {
	return schema.SingleNestedBlock{
		MarkdownDescription: "Move the traffic to the split above in steps, each of which has to pass gates, and back to the split before when one fails. Without it the whole split is written at once.",
		Attributes: map[string]schema.Attribute{
			"on_failure": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "What to do when a gate fails: `return` to the split that there was before the first step (default), or `hold` the step, to look into it; the next apply asks its gates again. Both end the apply with an error.",
				Validators:          []validator.String{stringvalidator.OneOf(onFailureReturn, onFailureHold)},
			},
		},
		Blocks: map[string]schema.Block{
			"step": schema.ListNestedBlock{
				MarkdownDescription: "Required, at least one. A step on the way, in ascending order of percents.",
				NestedObject: schema.NestedBlockObject{Attributes: map[string]schema.Attribute{
					"percent": schema.Int64Attribute{
						Required:            true,
						MarkdownDescription: "The percent of each Revision that gets more traffic, 0–100, at the most what the split above gives it. The others give way in proportion. With 0 the tags lead to it and nothing else does, for gates that look before any user.",
						Validators:          []validator.Int64{int64validator.Between(0, 100)},
					},
					"pause": schema.StringAttribute{
						Optional:            true,
						MarkdownDescription: "How long to stay at the step before its gates are asked, for example `5m`. Default `0s`.",
						Validators:          []validator.String{duration{}},
					},
				}},
			},
			"gate": schema.ListNestedBlock{
				MarkdownDescription: "What has to hold at the end of each step, beside that the Revisions are Ready: one `http` or one `prometheus` block. Gates are asked one after the other, from where Terraform runs.",
				NestedObject: schema.NestedBlockObject{
					Attributes: map[string]schema.Attribute{
						"name":          schema.StringAttribute{Optional: true, MarkdownDescription: "What errors and logs call it. Default: its place, as `gate[0]`."},
						"count":         schema.Int64Attribute{Optional: true, MarkdownDescription: "How often it is asked, 1–1000. Default 1.", Validators: []validator.Int64{int64validator.Between(1, 1000)}},
						"failure_limit": schema.Int64Attribute{Optional: true, MarkdownDescription: "How many of the answers may be bad, less than `count`. It is over as soon as the rest cannot change it. Default 0.", Validators: []validator.Int64{int64validator.AtLeast(0)}},
						"interval":      schema.StringAttribute{Optional: true, MarkdownDescription: "The time between two questions. Default `10s`.", Validators: []validator.String{duration{}}},
					},
					Blocks: map[string]schema.Block{"http": httpGateBlock(), "prometheus": prometheusGateBlock()},
				},
			},
		},
	}
}

func httpGateBlock() schema.Block {
	return schema.SingleNestedBlock{
		MarkdownDescription: "A request over HTTP, with an answer as expected. Redirects are not followed.",
		Attributes: map[string]schema.Attribute{
			"url":           schema.StringAttribute{Optional: true, MarkdownDescription: "Where to send it. Either this or `tag` is required."},
			"tag":           schema.StringAttribute{Optional: true, MarkdownDescription: "A tag of the split above, whose own URL to send it to: only the Revision under test answers."},
			"path":          schema.StringAttribute{Optional: true, MarkdownDescription: "The path under the tag's URL, with a query if need be, for example `/healthz`. Default `/`."},
			"method":        schema.StringAttribute{Optional: true, MarkdownDescription: "`GET` (default) or `HEAD`.", Validators: []validator.String{stringvalidator.OneOf("GET", "HEAD")}},
			"headers":       headersAttribute(),
			"connect_to":    schema.StringAttribute{Optional: true, MarkdownDescription: "The `host:port` to connect to in place of the URL's: that of the ingress, where the Service's domain is in no DNS."},
			"expect_status": schema.ListAttribute{Optional: true, ElementType: types.Int64Type, MarkdownDescription: "The good statuses. Default: 200–299.", Validators: []validator.List{listvalidator.ValueInt64sAre(int64validator.Between(100, 599))}},
			"expect_body":   schema.StringAttribute{Optional: true, MarkdownDescription: "A [regular expression](https://pkg.go.dev/regexp/syntax) that the body has to match, anywhere in its first MiB."},
			"timeout":       gateTimeoutAttribute(),
		},
	}
}

func prometheusGateBlock() schema.Block {
	return schema.SingleNestedBlock{
		MarkdownDescription: "An instant query to Prometheus, or to anything that speaks its HTTP API, with a value within bounds. Each value of a vector has to be; no value, and one that is no number, are bad.",
		Attributes: map[string]schema.Attribute{
			"address": schema.StringAttribute{Optional: true, MarkdownDescription: "Required. The server's URL, without `/api/v1`."},
			"query":   schema.StringAttribute{Optional: true, MarkdownDescription: "Required. The PromQL query. It gives a number, or a vector of them."},
			"min":     schema.Float64Attribute{Optional: true, MarkdownDescription: "The least good value. This or `max` or both are required."},
			"max":     schema.Float64Attribute{Optional: true, MarkdownDescription: "The greatest good value."},
			"headers": headersAttribute(),
			"timeout": gateTimeoutAttribute(),
		},
	}
}

func headersAttribute() schema.Attribute {
	return schema.MapAttribute{
		Optional: true, Sensitive: true, WriteOnly: true, ElementType: types.StringType,
		MarkdownDescription: "Headers to send, such as `Authorization`. They are write-only: in no plan and no state.",
	}
}

func gateTimeoutAttribute() schema.Attribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: "How long to wait for one answer. Default `10s`.", Validators: []validator.String{duration{least: time.Millisecond}}}
}
