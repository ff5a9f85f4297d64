package sidecar

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	netcfg "knative.dev/networking/pkg/config"
	"knative.dev/pkg/configmap"
	"knative.dev/pkg/system"
	apiconfig "knative.dev/serving/pkg/apis/config"
	autoscalerconfig "knative.dev/serving/pkg/autoscaler/config"
	"knative.dev/serving/pkg/deployment"
	o11yconfigmap "knative.dev/serving/pkg/observability/configmap"
	"knative.dev/serving/pkg/reconciler/revision/config"
)

// injector is one of a cluster whose ConfigMaps are Knative's defaults, save for those given: name of the ConfigMap to its data.
func injector(tb testing.TB, differs map[string]map[string]string) *Injector {
	tb.Helper()
	tb.Setenv(system.NamespaceEnvKey, "knative-serving")
	in, err := New(knativeConfig(differs))
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

// knativeConfig is loaded as the guard does: by Knative's own store from ConfigMaps.
func knativeConfig(differs map[string]map[string]string) *config.Config {
	data := map[string]map[string]string{
		deployment.ConfigName:        {deployment.QueueSidecarImageKey: "registry.example/queue:v0.50.0"},
		apiconfig.DefaultsConfigName: {}, apiconfig.FeaturesConfigName: {}, autoscalerconfig.ConfigName: {},
		netcfg.ConfigMapName: {}, o11yconfigmap.Name(): {}, "config-logging": {},
	}
	for name, d := range differs {
		maps.Copy(data[name], d)
	}
	configMaps := make([]*corev1.ConfigMap, 0, len(data))
	for name, d := range data {
		configMaps = append(configMaps, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: d})
	}
	store := config.NewStore(quiet{})
	store.WatchConfigs(configmap.NewStaticWatcher(configMaps...))
	return store.Load()
}

// quiet is a logger for tests that look at what comes out.
type quiet struct{}

func (quiet) Debugf(string, ...any) {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(f string, _ ...any) {
	panic(f)
}

func TestNewRefuses(t *testing.T) {
	whole := knativeConfig(nil)
	without := func(change func(*config.Config)) *config.Config {
		c := *whole
		change(&c)
		return &c
	}
	for name, tc := range map[string]struct {
		cfg       *config.Config
		namespace string
		says      string
	}{
		"no namespace":     {whole, "", "SYSTEM_NAMESPACE"},
		"nothing":          {nil, "knative-serving", "not complete"},
		"no observability": {without(func(c *config.Config) { c.Observability = nil }), "knative-serving", "not complete"},
		"no features":      {without(func(c *config.Config) { c.Config = &apiconfig.Config{Defaults: c.Defaults} }), "knative-serving", "not complete"},
		"no image":         {without(func(c *config.Config) { c.Deployment = &deployment.Config{} }), "knative-serving", "queue-sidecar-image"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(system.NamespaceEnvKey, tc.namespace)
			if _, err := New(tc.cfg); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an error that says %q", err, tc.says)
			}
		})
	}
}

// TestClusterSettings: what the cluster's ConfigMaps say is what the queue-proxy gets.
func TestClusterSettings(t *testing.T) {
	s := shapes(t)["one-container"]
	t.Run("tokens for its options come with their volume", func(t *testing.T) {
		in := injector(t, map[string]map[string]string{deployment.ConfigName: {"queue-sidecar-token-audiences": "vault", "queue-sidecar-cpu-request": "77m"}})
		got, r := in.Inject(s.ns, s.pod)
		if r != nil {
			t.Fatal(r)
		}
		q := got.Pod.Spec.Containers[1]
		if len(got.Pod.Spec.Volumes) != 1 || len(q.VolumeMounts) != 1 || q.VolumeMounts[0].Name != got.Pod.Spec.Volumes[0].Name || q.Resources.Requests.Cpu().String() != "77m" {
			t.Errorf("volumes %v, queue-proxy %+v", got.Pod.Spec.Volumes, q)
		}
		checkAgain(t, in, s.ns, got)

		taken := s.pod.DeepCopy()
		taken.Spec.Volumes = []corev1.Volume{{Name: "knative-token-volume"}}
		if _, r := in.Inject(s.ns, taken); r == nil || r.Reason != NameTaken || !strings.Contains(r.Observed, "knative-token-volume") {
			t.Errorf("a volume of that name: %v", r)
		}
	})
	t.Run("profiling has a port", func(t *testing.T) {
		in := injector(t, map[string]map[string]string{o11yconfigmap.Name(): {"runtime-profiling": "enabled"}})
		taken := s.pod.DeepCopy()
		taken.Spec.Containers[0].Ports[0].ContainerPort = 8008
		if _, r := in.Inject(s.ns, taken); r == nil || r.Reason != PortTaken || !strings.Contains(r.Observed, "8008") {
			t.Errorf("got %v", r)
		}
	})
	t.Run("encryption inside is refused", func(t *testing.T) {
		in := injector(t, map[string]map[string]string{netcfg.ConfigMapName: {"system-internal-tls": "enabled"}})
		if _, r := in.Inject(s.ns, s.pod); r == nil || r.Reason != InternalTLS {
			t.Errorf("got %v", r)
		}
	})
	t.Run("the limits of settings are the cluster's", func(t *testing.T) {
		in := injector(t, map[string]map[string]string{apiconfig.DefaultsConfigName: {"allow-container-concurrency-zero": "false", "container-concurrency": "5"}})
		pod := s.pod.DeepCopy()
		pod.Annotations[AnnotationConcurrency] = "0"
		if _, r := in.Inject(s.ns, pod); r == nil || r.Reason != BadValue || !strings.Contains(r.Allowed, "from 1 to 1000") {
			t.Errorf("got %v", r)
		}
		if got, r := in.Inject(s.ns, s.pod); r != nil || env(got.Pod, "CONTAINER_CONCURRENCY") != "5" {
			t.Errorf("the default: %v, %v", got, r)
		}
	})
}

// TestSharesNothing: Pods that are alike come from one part that Knative made; one that was given out must not change with another.
func TestSharesNothing(t *testing.T) {
	in := injector(t, map[string]map[string]string{deployment.ConfigName: {"queue-sidecar-token-audiences": "vault"}})
	s := shapes(t)["runs-as-root"]
	first, r := in.Inject(s.ns, s.pod)
	if r != nil {
		t.Fatal(r)
	}
	want := first.Pod.DeepCopy()
	spec := &first.Pod.Spec
	*spec.TerminationGracePeriodSeconds = 1
	spec.Containers[0].Lifecycle.PreStop.HTTPGet.Path = "/changed"
	*spec.Containers[1].SecurityContext.RunAsUser = 1
	*spec.Containers[1].SecurityContext.RunAsNonRoot = false
	spec.Containers[1].Env[0].Value = "changed"
	spec.Containers[1].ReadinessProbe.HTTPGet.Path = "/changed"
	*spec.Volumes[0].Projected.Sources[0].ServiceAccountToken.ExpirationSeconds = 1
	clear(first.Pod.Labels)

	again, r := in.Inject(s.ns, s.pod)
	if r != nil {
		t.Fatal(r)
	}
	if d := cmp.Diff(want, again.Pod); d != "" {
		t.Errorf("changed with the first Pod:\n%s", d)
	}
}

// TestRemembers: what Knative made for one Pod is not taken for another that differs in any setting.
func TestRemembers(t *testing.T) {
	in := injector(t, nil)
	for i, s := range shapes(t) {
		fresh := injector(t, nil)
		for range 2 {
			got, refusal := in.Inject(s.ns, s.pod)
			want, refusalWant := fresh.Inject(s.ns, s.pod)
			if d := cmp.Diff(want, got) + cmp.Diff(refusalWant, refusal); d != "" {
				t.Errorf("%s: not as from a fresh injector:\n%s", i, d)
			}
		}
	}
	base := &settings{annotations: map[string]string{}, backend: backend{container: &corev1.Container{}}}
	seen := map[string]bool{}
	for _, change := range []func(*settings){
		func(*settings) {}, func(s *settings) { s.namespace = "x" }, func(s *settings) { s.name = "x" }, func(s *settings) { s.concurrency = 1 },
		func(s *settings) { s.timeout = 1 }, func(s *settings) { s.annotations = map[string]string{"x": "y"} },
		func(s *settings) { s.backend.port = 1 }, func(s *settings) { s.backend.protocol = "x" },
		func(s *settings) { s.backend.container = &corev1.Container{Name: "x"} },
		func(s *settings) {
			s.backend.container = &corev1.Container{Resources: corev1.ResourceRequirements{Limits: corev1.ResourceList{"cpu": resource.MustParse("1")}}}
		},
	} {
		s := *base
		change(&s)
		key, err := s.key()
		if err != nil || seen[key] {
			t.Errorf("the key %s is that of other settings too (%v)", key, err)
		}
		seen[key] = true
	}
}

func env(pod *corev1.Pod, name string) string {
	for _, e := range pod.Spec.Containers[len(pod.Spec.Containers)-1].Env {
		if e.Name == name {
			return e.Value
		}
	}
	return ""
}

// FuzzInject holds, for whatever can be sent as a Pod, that injecting again changes nothing, and that refusals are complete.
func FuzzInject(f *testing.F) {
	for _, s := range shapes(f) {
		text, err := json.Marshal(s.pod)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	in := injector(f, map[string]map[string]string{deployment.ConfigName: {"queue-sidecar-token-audiences": "vault"}})
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: map[string]string{AnnotationInject: "true"}}}
	f.Fuzz(func(t *testing.T, text []byte) {
		pod := &corev1.Pod{}
		if json.Unmarshal(text, pod) != nil {
			return
		}
		got, refusal := in.Inject(ns, pod)
		switch {
		case refusal == nil:
			checkAgain(t, in, ns, got)
		case refusal.Reason == KnativeFailed, refusal.Observed == "", refusal.Allowed == "", refusal.WayOut == "":
			t.Errorf("%+v", refusal)
		}
	})
}

// BenchmarkInject is what the guard does for a Pod between decoding and making the patch. The goal is 100 µs. A Pod that is the
// first of its kind takes longer.
func BenchmarkInject(b *testing.B) {
	in := injector(b, nil)
	all := shapes(b)
	for _, name := range []string{"one-container", "several-containers", "settings"} {
		s := all[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, r := in.Inject(s.ns, s.pod); r != nil {
					b.Fatal(r)
				}
			}
		})
		b.Run(name+"/first", func(b *testing.B) {
			for b.Loop() {
				in.known.Clear()
				if _, r := in.Inject(s.ns, s.pod); r != nil {
					b.Fatal(r)
				}
			}
		})
	}
}
