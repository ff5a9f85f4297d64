package provider

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/knative-provider/terraform-provider-knative/internal/canary"
	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// onTheBed is where the bed's ingress listens.
const onTheBed = "127.0.0.1:80"

// progressConf renders a progress block: steps as "10 2s", a percent and a pause.
func progressConf(steps []string, more ...string) string {
	var b strings.Builder
	b.WriteString("  progress {\n")
	for _, s := range steps {
		percent, pause, _ := strings.Cut(s, " ")
		fmt.Fprintf(&b, "    step {\n      percent = %s\n      pause = %q\n    }\n", percent, pause)
	}
	return b.String() + strings.Join(more, "\n") + "\n  }\n"
}

func gateConf(lines ...string) string {
	return "    gate {\n      " + strings.Join(lines, "\n      ") + "\n    }"
}

// tagGate asks the canary itself, by its tag.
func tagGate(path string) string {
	return gateConf(`name = "canary answers"`, "count = 2", `interval = "100ms"`,
		fmt.Sprintf("http {\n tag = \"canary\"\n path = %q\n connect_to = %q\n expect_body = \"Hello hello-v2!\"\n }", path, onTheBed))
}

func errorsGate(address string) string {
	return gateConf(`name = "error rate"`, fmt.Sprintf("prometheus {\n address = %q\n query = \"errors\"\n max = 0.05\n headers = { Authorization = \"Bearer hunter2\" }\n }", address))
}

// scene is a Service with v1 in use and v2 Ready behind it.
type scene struct {
	cluster   *testenv.Cluster
	namespace string
	v1, v2    serviceConfig
	stable    []string // targets
	canary    []string
	splits    func() []string
}

func newScene(t *testing.T) *scene {
	t.Helper()
	c, ns := acceptOnBed(t)
	s := &scene{cluster: c, namespace: ns,
		v1:     serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v1", Image: c.Image},
		v2:     serviceConfig{Namespace: ns, Name: "hello", Revision: "hello-v2", Image: c.Image},
		stable: []string{pin("hello-v1", 100)},
		canary: []string{pin("hello-v1", 0, `tag = "stable"`), pin("hello-v2", 100, `tag = "canary"`)},
	}
	s.splits = watchSplits(t, c, ns)
	return s
}

func (s *scene) split(targets []string, more string) splitConfig {
	return splitConfig{Namespace: s.namespace, Service: "hello", Targets: targets, More: more}
}

// watchSplits notes each split that the Service hello has from now on.
func watchSplits(t *testing.T, c *testenv.Cluster, namespace string) func() []string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var out []string
	note := func(u *unstructured.Unstructured) {
		s, err := kube.AsService(u)
		if err != nil || len(s.Spec.Traffic) == 0 {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if text := canary.Describe(targetsFrom(s.Spec.Traffic)); len(out) == 0 || out[len(out)-1] != text {
			out = append(out, text)
		}
	}
	w, err := c.Dynamic.Resource(kube.Service.GroupVersionResource).Namespace(namespace).Watch(ctx, metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		for event := range w.ResultChan() {
			if u, ok := event.Object.(*unstructured.Unstructured); ok {
				note(u)
			}
		}
	})
	t.Cleanup(func() { cancel(); watching.Wait() })
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(out)
	}
}

// wantSplits compares the splits since a number of them.
func (s *scene) wantSplits(t *testing.T, since int, want ...string) {
	t.Helper()
	err := testenv.Eventually(t.Context(), 5*time.Second, func(context.Context) error {
		if diff := cmp.Diff(want, s.splits()[since:]); diff != "" {
			return fmt.Errorf("the splits: %s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// prometheus answers each query with the next value, and with the last one for ever.
func prometheus(t *testing.T, values ...string) *httptest.Server {
	t.Helper()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hunter2" {
			t.Errorf("asked without the header: %v", r.Header)
		}
		value := values[min(int(asked.Add(1)), len(values))-1]
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1435781451.781,%q]}]}}`, value)
	}))
	t.Cleanup(s.Close)
	return s
}

// All steps, with gates over HTTP and Prometheus; then a rollback, which takes none of them, and asks none of the gates: they
// could not pass.
func TestAccProgress(t *testing.T) {
	s := newScene(t)
	p := prometheus(t, "0.01")
	steps := progressConf([]string{"0 0s", "10 1s", "50 1s"}, tagGate("/?x=1"), errorsGate(p.URL))
	hopeless := progressConf([]string{"10 4h"}, gateConf("http {\n url = \"http://127.0.0.1:1/\"\n }"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(s.v1, s.split(s.stable, ""))},
			{Config: config(s.v2, s.split(s.stable, steps))},
			{
				Config: config(s.v2, s.split(s.canary, steps)),
				Check: resource.ComposeTestCheckFunc(
					sampled(helloService, 100, map[string]float64{"hello-v2": 100}),
					tagAnswers(helloSplit, "stable", "hello-v1"),
					hasTraffic(t, s.cluster, s.namespace, `[{"latestRevision":false,"percent":0,"revisionName":"hello-v1","tag":"stable"},{"latestRevision":false,"percent":100,"revisionName":"hello-v2","tag":"canary"}]`),
				),
			},
			{
				PreConfig: func() {
					s.wantSplits(t, 0, " 100 %", "hello-v1 100 %", "hello-v1 90 %, hello-v2 10 %", "hello-v1 50 %, hello-v2 50 %", "hello-v2 100 %")
					if _, left := live(t, s.cluster, kube.Service, s.namespace, "hello").GetAnnotations()[beforeAnnotation]; left {
						t.Error("the note of where the move began is still there")
					}
				},
				Config: config(s.v2, s.split(s.stable, hopeless)),
				Check:  sampled(helloService, 100, map[string]float64{"hello-v1": 100}),
			},
		},
	})
	s.wantSplits(t, 4, "hello-v2 100 %", "hello-v1 100 %")
}

// A gate that fails brings the traffic back: the old Revision answers every request, and the error says which gate and what
// it saw. The next apply begins with the first step.
func TestAccProgressReturns(t *testing.T) {
	s := newScene(t)
	p := prometheus(t, "0.01", "0.25", "0.02")
	steps := progressConf([]string{"10 0s", "50 0s"}, errorsGate(p.URL))
	const back = "hello-v1 100 %"
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(s.v1, s.split(s.stable, ""))},
			{Config: config(s.v2, s.split(s.stable, ""))},
			{
				Config:      config(s.v2, s.split(s.canary, steps)),
				ExpectError: says(`step 2 of 2 (hello-v1 50 %, hello-v2 50 %): the gate "error rate" failed: errors, ≤ 0.05: 0.25, and at most 0.05 is wanted`),
			},
			{
				PreConfig: func() {
					s.wantSplits(t, 1, back, "hello-v1 90 %, hello-v2 10 %", "hello-v1 50 %, hello-v2 50 %", back)
					if err := sampledURL(urlOf(t, s), 500, map[string]float64{"hello-v1": 100}); err != nil {
						t.Error(err)
					}
				},
				Config:   config(s.v2, s.split(s.canary, steps)),
				PlanOnly: true, ExpectNonEmptyPlan: true,
			},
			{Config: config(s.v2, s.split(s.canary, steps)), Check: sampled(helloService, 100, map[string]float64{"hello-v2": 100})},
		},
	})
	s.wantSplits(t, 4, back, "hello-v1 90 %, hello-v2 10 %", "hello-v1 50 %, hello-v2 50 %", "hello-v2 100 %")
}

func urlOf(t *testing.T, s *scene) string {
	t.Helper()
	svc, err := kube.AsService(live(t, s.cluster, kube.Service, s.namespace, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	return svc.Status.URL.String()
}

// The canary itself is asked, by its tag: it answers 500 while users still see none of it.
func TestAccProgressAsksTheCanary(t *testing.T) {
	s := newScene(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(s.v1, s.split(s.stable, ""))},
			{Config: config(s.v2, s.split(s.stable, ""))},
			{
				Config:      config(s.v2, s.split(s.canary, progressConf([]string{"0 0s", "10 0s"}, tagGate("/?status=500")))),
				ExpectError: says(`step 1 of 2 (hello-v1 100 %): the gate "canary answers" failed`),
			},
			{
				PreConfig: func() {
					s.wantSplits(t, 1, "hello-v1 100 %")
					untouched := hasTraffic(t, s.cluster, s.namespace, `[{"latestRevision":false,"percent":100,"revisionName":"hello-v1"}]`)
					if err := untouched(nil); err != nil {
						t.Error(err)
					}
				},
				Config:      config(s.v2, s.split(s.canary, progressConf([]string{"10 0s"}, "on_failure = \"hold\"", tagGate("/?status=500")))),
				ExpectError: says("The traffic stays at this step"),
			},
			{
				PreConfig: func() { s.wantSplits(t, 1, "hello-v1 100 %", "hello-v1 90 %, hello-v2 10 %") },
				Config:    config(s.v2, s.split(s.canary, progressConf([]string{"10 0s"}, tagGate("/?status=500")))),
				// Held at 10 %, it goes back to where it began, and not to where it was held.
				ExpectError: says("The traffic is back at hello-v1 100 %"),
			},
			{Config: config(s.v2, s.split(s.stable, ""))},
		},
	})
}

// Somebody takes the canary back by hand while a step pauses: the apply stops, and leaves their split alone.
func TestAccProgressYields(t *testing.T) {
	s := newScene(t)
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(s.v1, s.split(s.stable, ""))},
			{Config: config(s.v2, s.split(s.stable, ""))},
			{
				PreConfig: func() {
					go func() {
						if err := s.reaches(t.Context(), "hello-v1 90 %, hello-v2 10 %"); err != nil {
							t.Error(err)
						}
						byKubectl(t, s.cluster, s.namespace, "hello", `{"spec":{"traffic":[{"revisionName":"hello-v1","percent":95},{"revisionName":"hello-v2","percent":5}]}}`)
					}()
				},
				Config:      config(s.v2, s.split(s.canary, "force_conflicts = true\n"+progressConf([]string{"10 3m", "50 0s"}))),
				ExpectError: says("The split is now hello-v1 95 %, hello-v2 5 %."),
			},
			{
				PreConfig: func() {
					s.wantSplits(t, 1, "hello-v1 100 %", "hello-v1 90 %, hello-v2 10 %", "hello-v1 95 %, hello-v2 5 %")
				},
				Config: config(s.v2, s.split(s.stable, "force_conflicts = true")),
			},
		},
	})
}

// A first apply whose gate fails leaves a tainted split. Its replacement goes on with the traffic as it is, whatever
// on_destroy says: not for a moment does all of it go to the latest Revision, which is the canary.
func TestAccProgressFailedCreate(t *testing.T) {
	s := newScene(t)
	p := prometheus(t, "0.25", "0.01")
	more := "on_destroy = \"latest\"\n" + progressConf([]string{"10 0s"}, errorsGate(p.URL))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(s.v1, s.split(s.stable, ""))},
			{Config: config(s.v2)}, // the split is destroyed, and its traffic stays
			{Config: config(s.v2, s.split(s.canary, more)), ExpectError: says("0.25, and at most 0.05 is wanted")},
			{
				Config: config(s.v2, s.split(s.canary, more)),
				ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
					plancheck.ExpectResourceAction(helloSplit, plancheck.ResourceActionReplace),
				}},
			},
		},
	})
	s.wantSplits(t, 1, "hello-v1 100 %", "hello-v1 90 %, hello-v2 10 %", "hello-v1 100 %", "hello-v1 90 %, hello-v2 10 %", "hello-v2 100 %", " 100 %")
}

// reaches waits until the Service has a split.
func (s *scene) reaches(ctx context.Context, split string) error {
	return testenv.Eventually(ctx, time.Minute, func(context.Context) error {
		if all := s.splits(); len(all) == 0 || all[len(all)-1] != split {
			return fmt.Errorf("the splits are %v, want %s", all, split)
		}
		return nil
	})
}

// An apply whose time is up leaves the traffic at its step, and the next one goes on.
func TestAccProgressTimesOut(t *testing.T) {
	s := newScene(t)
	waiting := "timeouts {\n update = \"15s\"\n }\n" + progressConf([]string{"10 0s"}, gateConf("count = 2", `interval = "5m"`, "http {\n tag = \"canary\"\n connect_to = \""+onTheBed+"\"\n }"))
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories,
		Steps: []resource.TestStep{
			{Config: config(s.v1, s.split(s.stable, ""))},
			{Config: config(s.v2, s.split(s.stable, ""))},
			{Config: config(s.v2, s.split(s.canary, waiting)), ExpectError: says("Apply again to go on from there, or raise timeouts.")},
			{Config: config(s.v2, s.split(s.canary, progressConf([]string{"10 0s"})))},
		},
	})
	s.wantSplits(t, 1, "hello-v1 100 %", "hello-v1 90 %, hello-v2 10 %", "hello-v2 100 %")
}
