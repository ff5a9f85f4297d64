package fields

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
)

// The paths are those of knative.dev/pkg/apis.FieldError: dots between names, an index in brackets, and the key of a map
// any of three ways.
func TestLocate(t *testing.T) {
	service := Compile(Field{Kind: Object, Fields: []Field{
		{Key: "spec", Kind: Object, Fields: []Field{
			{Name: "template", Key: "template", Kind: Object, Fields: tree.Fields},
			{Name: "traffic", Key: "traffic", Kind: List, Elem: &Field{Kind: Object, Fields: []Field{{Name: "tag", Key: "tag"}}}},
		}},
	}})
	template := path.Root("template")
	container := template.AtName("containers").AtListIndex(1)
	for api, want := range map[string]path.Path{
		"spec.template.spec.name":                                      template.AtName("name"),
		"spec.template.spec.timeoutSeconds":                            template.AtName("timeout"),
		"spec.template.spec.containers[1].image":                       container.AtName("image"),
		"spec.template.spec.containers[1].args[2]":                     container.AtName("args").AtListIndex(2),
		"spec.template.spec.containers[1].resources.limits":            container.AtName("resources").AtName("limits"),
		"spec.template.spec.containers[1].resources.limits[cpu]":       container.AtName("resources").AtName("limits").AtMapKey("cpu"),
		"spec.template.spec.containers[1].resources.limits.cpu":        container.AtName("resources").AtName("limits").AtMapKey("cpu"),
		"spec.template.spec.volumes[0].secretName":                     template.AtName("volumes").AtListIndex(0).AtName("secret"),
		"spec.template.metadata.annotations.example.com/a.b":           template.AtName("annotations").AtMapKey("example.com/a.b"),
		"spec.template.metadata.annotations.[example.com/a.b]":         template.AtName("annotations").AtMapKey("example.com/a.b"),
		"spec.template.metadata.annotations[example.com/a.b]":          template.AtName("annotations").AtMapKey("example.com/a.b"),
		"spec.template.metadata.annotations.scale.dev/min":             template.AtName("scaling").AtName("min"),
		"spec.template.metadata.annotations.scale.dev/target":          template.AtName("scaling").AtName("target"),
		"spec.template.metadata.annotations.scale.dev/target-percent":  template.AtName("scaling").AtName("target_percent"),
		"spec.template.metadata.annotations.scale.dev/target-surprise": template.AtName("annotations").AtMapKey("scale.dev/target-surprise"),
		"spec.traffic[3].tag":                                          path.Root("traffic").AtListIndex(3).AtName("tag"),

		// The nearest that holds it.
		"":                                    path.Empty(),
		"spec":                                path.Empty(),
		"spec.surprise":                       path.Empty(),
		"metadata.name":                       path.Empty(),
		"spec.template":                       template,
		"spec.templates":                      path.Empty(),
		"spec.template.spec":                  template,
		"spec.template.spec.surprise":         template,
		"spec.template.spec.names":            template,
		"spec.template.spec.containers":       template.AtName("containers"),
		"spec.template.spec.containers[*]":    template.AtName("containers"),
		"spec.template.spec.containers[1]":    container,
		"spec.template.spec.containers.image": template.AtName("containers"), // so Knative writes ports.containerPort
		"spec.template.spec.containers[1].x":  container,
		"spec.template.metadata.annotations":  template.AtName("annotations"),
		"spec.traffic[0].configurationName":   path.Root("traffic").AtListIndex(0),
		"spec.template.spec.timeoutSeconds.x": template.AtName("timeout"),
	} {
		t.Run(api, func(t *testing.T) {
			if got := service.Locate(path.Empty(), api); !got.Equal(want) {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
