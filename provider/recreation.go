package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// A create that does not become Ready is an error, and Terraform marks what was created with an error as tainted: the next
// apply destroys it and makes it anew. For a Service that is half a minute of nothing, to end up with the same object. So the
// plan of such a replacement leaves a note for its destroy half, which then leaves the object to the create half.
//
// Terraform plans a create with this private state:
//
//	because                          private state             note
//	the Service is new               empty                     its id, which no destroy reads
//	it is tainted                    empty                     its id: leave it to the create
//	-replace, or another name        that of the prior plan    none: destroy it
//
// and a plan to destroy takes the note back.
const (
	recreatesKey = "recreates"
	existsKey    = "exists"
)

// noteRecreation writes the note of a plan.
func noteRecreation(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse, planned *kube.Ref) {
	note := ""
	if planned != nil && req.State.Raw.IsNull() && !flag(ctx, req.Private, existsKey) {
		note = planned.Namespace + "/" + planned.Name
	}
	value, err := json.Marshal(note)
	if err != nil {
		return
	}
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, recreatesKey, value)...)
	resp.Diagnostics.Append(setFlag(ctx, resp.Private, existsKey, !req.State.Raw.IsNull())...)
}

// recreated says whether a destroy is half of a replacement that ends with this same object.
func recreated(ctx context.Context, private privateReader, ref kube.Ref) bool {
	value, _ := private.GetKey(ctx, recreatesKey)
	var note string
	return json.Unmarshal(value, &note) == nil && note == ref.Namespace+"/"+ref.Name
}
