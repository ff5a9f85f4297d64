package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	datasourceschema "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// TestServiceDocs: the resource and the data source have each computed attribute, and say the same of it.
func TestServiceDocs(t *testing.T) {
	var ofResource resource.SchemaResponse
	(&serviceResource{blocks: shownBlocks}).Schema(t.Context(), resource.SchemaRequest{}, &ofResource)
	var ofData datasource.SchemaResponse
	(&serviceDataSource{}).Schema(t.Context(), datasource.SchemaRequest{}, &ofData)
	for name, doc := range serviceDocs {
		r, inResource := ofResource.Schema.Attributes[name]
		d, inData := ofData.Schema.Attributes[name]
		if !inResource || !inData || !strings.HasPrefix(r.GetMarkdownDescription(), doc) || d.GetMarkdownDescription() != doc {
			t.Errorf("%s: %v in the resource, %v in the data source", name, r, d)
		}
	}
	for list, docs := range map[string]map[string]string{"conditions": conditionDocs, "traffic_status": targetDocs} {
		r := ofResource.Schema.Attributes[list].(schema.ListNestedAttribute).NestedObject.Attributes
		d := ofData.Schema.Attributes[list].(datasourceschema.ListNestedAttribute).NestedObject.Attributes
		if len(r) != len(docs) || len(d) != len(docs) {
			t.Errorf("%s: %d and %d attributes, want %d", list, len(r), len(d), len(docs))
		}
		for name, doc := range docs {
			if r[name].GetMarkdownDescription() != doc || d[name].GetMarkdownDescription() != doc {
				t.Errorf("%s.%s: %q and %q", list, name, r[name].GetMarkdownDescription(), d[name].GetMarkdownDescription())
			}
		}
	}
}
