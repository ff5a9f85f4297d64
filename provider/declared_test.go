package provider

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// guardCRDs brings the guard's kinds to the bed, once. Into another cluster nothing is installed.
var guardCRDs = sync.OnceValue(func() error {
	c, err := connect()
	if err != nil {
		return err
	}
	return c.GuardCRDs(context.Background())
})

func needGuardCRDs(t *testing.T, c *testenv.Cluster) {
	t.Helper()
	if !c.OnBed {
		t.Skip("the guard's CRDs are installed on the bed only: make test without KUBECONFIG")
	}
	if err := guardCRDs(); err != nil {
		t.Fatal(err)
	}
}

// hasManager checks whose fields an object's are.
func hasManager(t *testing.T, c *testenv.Cluster, ref kube.Ref, manager string) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if o := live(t, c, ref.Kind, ref.Namespace, ref.Name); !kube.Applied(o, manager) {
			return fmt.Errorf("managers: %v", o.GetManagedFields())
		}
		return nil
	}
}

func hasSpec(t *testing.T, c *testenv.Cluster, ref kube.Ref, want map[string]any) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if got := live(t, c, ref.Kind, ref.Namespace, ref.Name).Object["spec"]; fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("spec is %v, want %v", got, want)
		}
		return nil
	}
}

// isGone checks that a destroy has left nothing.
func isGone(t *testing.T, c *testenv.Cluster, ref kube.Ref) resource.TestCheckFunc {
	t.Helper()
	return func(*terraform.State) error {
		if live(t, c, ref.Kind, ref.Namespace, ref.Name) != nil {
			return fmt.Errorf("%s is still there", ref)
		}
		return nil
	}
}

// patchObject changes an object as a person with kubectl does.
func patchObject(t *testing.T, c *testenv.Cluster, ref kube.Ref, patch string) {
	t.Helper()
	_, err := c.Dynamic.Resource(ref.GroupVersionResource).Namespace(ref.Namespace).
		Patch(context.Background(), ref.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "kubectl-patch"})
	if err != nil {
		t.Fatal(err)
	}
}
