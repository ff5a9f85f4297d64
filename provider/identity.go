package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
)

// identitySchema identifies a resource by its namespace and a name, under the attribute that holds the name.
func identitySchema(nameAttribute, kind string) identityschema.Schema {
	return identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"namespace":   identityschema.StringAttribute{RequiredForImport: true, Description: "The namespace."},
		nameAttribute: identityschema.StringAttribute{RequiredForImport: true, Description: "The name of the " + kind + "."},
	}}
}

// setIdentity is called in create, read and update, also where the object turns out to be gone: clients that know identities
// insist on one (facts/terraform.md, "Traps").
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, nameAttribute string, ref kube.Ref) diag.Diagnostics {
	diags := identity.SetAttribute(ctx, path.Root("namespace"), ref.Namespace)
	diags.Append(identity.SetAttribute(ctx, path.Root(nameAttribute), ref.Name)...)
	return diags
}

// importState takes the id namespace/name, or a resource identity.
func importState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse, nameAttribute string) {
	var namespace, name types.String
	if req.ID == "" {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("namespace"), &namespace)...)
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(nameAttribute), &name)...)
	} else {
		ns, n, ok := splitID(req.ID)
		if !ok {
			resp.Diagnostics.AddError("Not an import id", fmt.Sprintf("The id is %q. Write namespace/name, for example default/hello.", req.ID))
			return
		}
		namespace, name = types.StringValue(ns), types.StringValue(n)
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("namespace"), namespace)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(nameAttribute), name)...)
}
