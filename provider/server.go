package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/knative-provider/terraform-provider-knative/internal/wire"
)

// server is the provider as Terraform talks to it. Terraform is shown knative_service with all its blocks; the framework has
// each of them packed as one text, which makes a plan of many Services fast. Package wire says why.
type server struct {
	tfprotov6.ProviderServer
	// shown serves the schema with the blocks, and nothing else.
	shown tfprotov6.ProviderServer
}

// New makes the provider of a release.
func New(version string) func() tfprotov6.ProviderServer {
	return func() tfprotov6.ProviderServer {
		return &server{
			ProviderServer: providerserver.NewProtocol6(&knativeProvider{version: version, blocks: packedBlocks})(),
			shown:          providerserver.NewProtocol6(&knativeProvider{version: version, blocks: shownBlocks})(),
		}
	}
}

// GetProviderSchema shows the blocks.
func (s *server) GetProviderSchema(ctx context.Context, req *tfprotov6.GetProviderSchemaRequest) (*tfprotov6.GetProviderSchemaResponse, error) {
	return s.shown.GetProviderSchema(ctx, req)
}

// ValidateResourceConfig packs.
func (s *server) ValidateResourceConfig(ctx context.Context, req *tfprotov6.ValidateResourceConfigRequest) (*tfprotov6.ValidateResourceConfigResponse, error) {
	if err := packs(req.TypeName, &req.Config); err != nil {
		return nil, err
	}
	return briefly(ctx, s.ProviderServer.ValidateResourceConfig, req)
}

// UpgradeResourceState hands back a state as it is: there is one version of the schema, and Terraform itself drops attributes
// that it does not have any more.
func (s *server) UpgradeResourceState(ctx context.Context, req *tfprotov6.UpgradeResourceStateRequest) (*tfprotov6.UpgradeResourceStateResponse, error) {
	if packerOf(req.TypeName) == nil || req.Version != 0 || req.RawState == nil || req.RawState.JSON == nil {
		return briefly(ctx, s.ProviderServer.UpgradeResourceState, req)
	}
	return &tfprotov6.UpgradeResourceStateResponse{UpgradedState: &tfprotov6.DynamicValue{JSON: req.RawState.JSON}}, nil
}

// ReadResource packs and unpacks.
func (s *server) ReadResource(ctx context.Context, req *tfprotov6.ReadResourceRequest) (*tfprotov6.ReadResourceResponse, error) {
	if err := packs(req.TypeName, &req.CurrentState); err != nil {
		return nil, err
	}
	resp, err := briefly(ctx, s.ProviderServer.ReadResource, req)
	if err != nil {
		return resp, err
	}
	return resp, unpacks(req.TypeName, &resp.NewState)
}

// PlanResourceChange packs and unpacks.
func (s *server) PlanResourceChange(ctx context.Context, req *tfprotov6.PlanResourceChangeRequest) (*tfprotov6.PlanResourceChangeResponse, error) {
	if err := packs(req.TypeName, &req.PriorState, &req.ProposedNewState, &req.Config); err != nil {
		return nil, err
	}
	resp, err := briefly(ctx, s.ProviderServer.PlanResourceChange, req)
	if err != nil {
		return resp, err
	}
	return resp, unpacks(req.TypeName, &resp.PlannedState)
}

// ApplyResourceChange packs and unpacks.
func (s *server) ApplyResourceChange(ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest) (*tfprotov6.ApplyResourceChangeResponse, error) {
	if err := packs(req.TypeName, &req.PriorState, &req.PlannedState, &req.Config); err != nil {
		return nil, err
	}
	resp, err := briefly(ctx, s.ProviderServer.ApplyResourceChange, req)
	if err != nil {
		return resp, err
	}
	return resp, unpacks(req.TypeName, &resp.NewState)
}

// ImportResourceState unpacks.
func (s *server) ImportResourceState(ctx context.Context, req *tfprotov6.ImportResourceStateRequest) (*tfprotov6.ImportResourceStateResponse, error) {
	resp, err := briefly(ctx, s.ProviderServer.ImportResourceState, req)
	if err != nil {
		return resp, err
	}
	for _, imported := range resp.ImportedResources {
		if err := unpacks(imported.TypeName, &imported.State); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

// UpgradeResourceIdentity is but a call, as the next two are.
func (s *server) UpgradeResourceIdentity(ctx context.Context, req *tfprotov6.UpgradeResourceIdentityRequest) (*tfprotov6.UpgradeResourceIdentityResponse, error) {
	return briefly(ctx, s.ProviderServer.UpgradeResourceIdentity, req)
}

func (s *server) ValidateDataResourceConfig(ctx context.Context, req *tfprotov6.ValidateDataResourceConfigRequest) (*tfprotov6.ValidateDataResourceConfigResponse, error) {
	return briefly(ctx, s.ProviderServer.ValidateDataResourceConfig, req)
}

func (s *server) ReadDataSource(ctx context.Context, req *tfprotov6.ReadDataSourceRequest) (*tfprotov6.ReadDataSourceResponse, error) {
	return briefly(ctx, s.ProviderServer.ReadDataSource, req)
}

// packerOf is the packer of a resource type, and nil for one that is not packed.
func packerOf(typeName string) *wire.Packer {
	if typeName == "knative_service" {
		return &servicePacker
	}
	return nil
}

func packs(typeName string, values ...**tfprotov6.DynamicValue) error {
	p := packerOf(typeName)
	if p == nil {
		return nil
	}
	return exchange(p.Pack, values)
}

func unpacks(typeName string, values ...**tfprotov6.DynamicValue) error {
	p := packerOf(typeName)
	if p == nil {
		return nil
	}
	return exchange(p.Unpack, values)
}

func exchange(convert func([]byte) ([]byte, error), values []**tfprotov6.DynamicValue) error {
	for _, v := range values {
		if *v == nil {
			continue
		}
		data, err := convert((*v).MsgPack)
		if err != nil {
			return fmt.Errorf("a knative_service cannot be read as Terraform sent it: %w", err)
		}
		*v = &tfprotov6.DynamicValue{MsgPack: data}
	}
	return nil
}
