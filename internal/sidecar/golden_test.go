package sidecar

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	jsonpatchapply "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	"gomodules.xyz/jsonpatch/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files from what comes out")

// golden is what is known of a shape: what is injected, as a patch, or why not.
type golden struct {
	Autoscaler  string                `json:"autoscaler,omitempty"`
	Container   string                `json:"container,omitempty"`
	Port        int32                 `json:"port,omitempty"`
	Protocol    string                `json:"protocol,omitempty"`
	Concurrency int64                 `json:"concurrency,omitempty"`
	Patch       []jsonpatch.Operation `json:"patch,omitempty"`
	Refusal     *Refusal              `json:"refusal,omitempty"`
	Skip        bool                  `json:"skip,omitempty"`
}

func TestGolden(t *testing.T) {
	in := injector(t, nil)
	for name, shape := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			before := shape.pod.DeepCopy()
			got := golden{}
			injected, refusal := in.Inject(shape.ns, shape.pod)
			if refused := strings.HasPrefix(name, "refused-"); refused != (refusal != nil) {
				t.Fatalf("refusal %v", refusal)
			}
			if refusal != nil {
				got.Refusal, got.Skip = refusal, refusal.Reason.IsSkip()
			} else {
				got.Autoscaler, got.Container, got.Port, got.Protocol = injected.Autoscaler, injected.Container, injected.Port, string(injected.Protocol)
				got.Concurrency = injected.Concurrency
				got.Patch = patch(t, shape.pod, injected.Pod)
				checkAgain(t, in, shape.ns, injected)
			}
			if d := cmp.Diff(before, shape.pod); d != "" {
				t.Errorf("the Pod that was given is changed:\n%s", d)
			}
			compare(t, filepath.Join("testdata", name+".golden.json"), got)
		})
	}
}

// checkAgain holds that injecting again changes nothing.
func checkAgain(t *testing.T, in *Injector, ns *corev1.Namespace, once *Injected) {
	t.Helper()
	twice, refusal := in.Inject(ns, once.Pod)
	if refusal != nil {
		t.Fatalf("refused the second time: %v", refusal)
	}
	if d := cmp.Diff(once, twice); d != "" {
		t.Errorf("the second time changes:\n%s", d)
	}
}

// patch is what makes one Pod of the other, its operations in an order that can be applied.
func patch(t *testing.T, from, to *corev1.Pod) []jsonpatch.Operation {
	t.Helper()
	a, b := encode(t, from), encode(t, to)
	ops, err := jsonpatch.CreatePatch(a, b)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(ops, func(x, y jsonpatch.Operation) int { return strings.Compare(x.Path, y.Path) })
	p, err := jsonpatchapply.DecodePatch(encode(t, ops))
	if err != nil {
		t.Fatal(err)
	}
	applied, err := p.Apply(a)
	if err != nil || !jsonpatchapply.Equal(applied, b) {
		t.Fatalf("the patch does not make the Pod: %v\n%s", err, applied)
	}
	return ops
}

func compare(t *testing.T, file string, got any) {
	t.Helper()
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v: make it with go test ./internal/sidecar -update", err)
	}
	if d := cmp.Diff(string(want), text.String()); d != "" {
		t.Errorf("not as in %s (go test ./internal/sidecar -update writes it anew):\n%s", file, d)
	}
}

type shape struct {
	ns  *corev1.Namespace
	pod *corev1.Pod
}

// shapes are the Pods of testdata, each with its namespace where that says something.
func shapes(tb testing.TB) map[string]shape {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no Pods in testdata: %v", err)
	}
	out := map[string]shape{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		s := shape{&corev1.Namespace{}, &corev1.Pod{}}
		s.ns.Name = "shop"
		ns, pod, both := bytes.Cut(text, []byte("---\n"))
		if !both {
			ns, pod = nil, text
		}
		if err := yaml.UnmarshalStrict(ns, s.ns); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		if err := yaml.UnmarshalStrict(pod, s.pod); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = s
	}
	return out
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
