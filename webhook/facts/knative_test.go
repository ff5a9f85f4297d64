package facts

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"knative.dev/pkg/system"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/knative-provider/terraform-provider-knative/internal/sidecar"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts/factstest"
)

// TestKnative goes through the table of Injector, in the order of a cluster's life.
func TestKnative(t *testing.T) {
	t.Setenv(system.NamespaceEnvKey, factstest.Knative)
	scheme, err := Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c, recorder := fake.NewClientBuilder().WithScheme(scheme).Build(), events.NewFakeRecorder(10)
	k := NewKnative(c, factstest.Knative, recorder)
	write := func(name string, data map[string]string) {
		t.Helper()
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: factstest.Knative, Name: name}}
		err := c.Get(t.Context(), client.ObjectKeyFromObject(m), m)
		m.Data = data
		if err != nil {
			err = c.Create(t.Context(), m)
		} else {
			err = c.Update(t.Context(), m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	refuses := func(says string) {
		t.Helper()
		if in, err := k.Injector(t.Context()); in != nil || err == nil || !strings.Contains(err.Error(), says) {
			t.Fatalf("gives %v %v, want an error that says %q", in, err, says)
		}
	}
	gives := func() *sidecar.Injector {
		t.Helper()
		in, err := k.Injector(t.Context())
		if err != nil || in == nil {
			t.Fatalf("gives %v %v", in, err)
		}
		return in
	}
	told := func(n int) {
		t.Helper()
		if len(recorder.Events) != n {
			t.Fatalf("%d Events, want %d", len(recorder.Events), n)
		}
		for range n {
			if e := <-recorder.Events; !strings.Contains(e, "InvalidConfiguration") || !strings.Contains(e, "config-defaults") {
				t.Errorf("Event %q", e)
			}
		}
	}

	refuses("config-network is not there")
	for _, m := range factstest.ConfigMaps() {
		if m.GetName() == "config-deployment" {
			write(m.GetName(), nil)
		} else {
			write(m.GetName(), m.(*corev1.ConfigMap).Data)
		}
	}
	refuses("queue-sidecar-image cannot be empty")
	write("config-deployment", map[string]string{"queue-sidecar-image": "registry.example/queue:1"})
	<-recorder.Events // of config-deployment
	first := gives()
	if gives() != first {
		t.Error("parsed anew though nothing changed")
	}
	write("config-gc", map[string]string{"min-non-active-revisions": "3"})
	if gives() != first {
		t.Error("parsed anew for a ConfigMap that it is not made from")
	}
	told(0)

	write("config-defaults", map[string]string{"revision-timeout-seconds": "soon"})
	for range 3 {
		if gives() != first {
			t.Error("not the last good one")
		}
	}
	told(1)
	write("config-defaults", map[string]string{"revision-timeout-seconds": "7"})
	if gives() == first {
		t.Error("the correction is not taken up")
	}
	told(0)
}

func TestNote(t *testing.T) {
	if got := Note("short"); got != "short" {
		t.Errorf("%q", got)
	}
	for _, letter := range []string{"a", "ä"} {
		if got := Note("x" + strings.Repeat(letter, 2000)); len(got) > 1024 || !strings.HasSuffix(got, letter+"…") {
			t.Errorf("%d bytes, ends with %q", len(got), got[len(got)-8:])
		}
	}
}
