package kube

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateService(t *testing.T) {
	const template = `containers: [{image: app}]`
	spec := func(template string) string {
		return `{metadata: {name: hello}, spec: {template: {spec: {` + template + `}}}}`
	}
	mount := func(volume string) string {
		return spec(`containers: [{image: app, volumeMounts: [{name: v, mountPath: /v}]}], volumes: [{name: v, ` + volume + `}]`)
	}
	for name, tc := range map[string]struct {
		object string
		path   string // of the one violation wanted; empty for none
		says   string
	}{
		"as little as there is": {spec(template), "", ""},
		"a Revision named after its Service": {
			`{metadata: {name: hello}, spec: {template: {metadata: {name: hello-v1}, spec: {containers: [{image: app}]}}}}`, "", "",
		},
		"a Revision named after another": {
			`{metadata: {name: hello}, spec: {template: {metadata: {name: v1}, spec: {containers: [{image: app}]}}}}`,
			"spec.template.metadata.name", `"v1"`,
		},
		"a Service with dots":   {`{metadata: {name: hello.world}, spec: {template: {spec: {containers: [{image: app}]}}}}`, "metadata.name", "not a DNS 1035 label"},
		"no container":          {spec(``), "spec.template.spec.containers", "missing field(s)"},
		"no image":              {spec(`containers: [{args: [x]}]`), "spec.template.spec.containers[0].image", "missing field(s)"},
		"a port out of range":   {spec(`containers: [{image: app, ports: [{containerPort: 65536}]}]`), "spec.template.spec.containers[0].ports.containerPort", "65536"},
		"a port of queue-proxy": {spec(`containers: [{image: app, ports: [{containerPort: 8012}]}]`), "spec.template.spec.containers[0].ports.containerPort", "8012 is a reserved port, please use a different value"},
		"a concurrency below 0": {spec(`containerConcurrency: -1, ` + template), "spec.template.spec.containerConcurrency", "-1"},
		"a timeout below 0":     {spec(`timeoutSeconds: -1, ` + template), "spec.template.spec.timeoutSeconds", "-1"},
		"a min-scale of a word": {
			`{metadata: {name: hello}, spec: {template: {metadata: {annotations: {autoscaling.knative.dev/min-scale: many}}, spec: {containers: [{image: app}]}}}}`,
			"spec.template.metadata.annotations.autoscaling.knative.dev/min-scale", "many",
		},
		"traffic has rules of its own": {`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: app}]}}, traffic: [{percent: 7}]}}`, "", ""},
		"a malformed quantity, which the schema reports": {
			spec(`containers: [{image: app, resources: {limits: {cpu: 1x}}}]`), "", "",
		},

		// What only a feature flag of the cluster decides is let through.
		"nodeSelector":          {spec(`nodeSelector: {a: b}, ` + template), "", ""},
		"tolerations":           {spec(`tolerations: [{key: a, operator: Exists}], ` + template), "", ""},
		"affinity":              {spec(`affinity: {nodeAffinity: {}}, ` + template), "", ""},
		"topology":              {spec(`topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}], ` + template), "", ""},
		"hostAliases":           {spec(`hostAliases: [{ip: 1.2.3.4}], ` + template), "", ""},
		"runtimeClassName":      {spec(`runtimeClassName: gvisor, ` + template), "", ""},
		"priorityClassName":     {spec(`priorityClassName: high, ` + template), "", ""},
		"schedulerName":         {spec(`schedulerName: mine, ` + template), "", ""},
		"securityContext":       {spec(`securityContext: {runAsUser: 1000}, ` + template), "", ""},
		"shareProcessNamespace": {spec(`shareProcessNamespace: true, ` + template), "", ""},
		"dnsPolicy":             {spec(`dnsPolicy: Default, ` + template), "", ""},
		"hostNetwork":           {spec(`hostNetwork: true, ` + template), "", ""},
		"two containers":        {spec(`containers: [{image: app, ports: [{containerPort: 80}]}, {image: side}]`), "", ""},
		"initContainers":        {spec(`initContainers: [{image: init}], ` + template), "", ""},
		"emptyDir":              {mount(`emptyDir: {}`), "", ""},
		"hostPath":              {mount(`hostPath: {path: /x}`), "", ""},
		"persistentVolumeClaim": {mount(`persistentVolumeClaim: {claimName: c}`), "", ""},
		"csi":                   {mount(`csi: {driver: d}`), "", ""},
		"image volume":          {mount(`image: {reference: r}`), "", ""},
		"mountPropagation":      {spec(`containers: [{image: app, volumeMounts: [{name: v, mountPath: /v, mountPropagation: HostToContainer}]}], volumes: [{name: v, secret: {secretName: s}}]`), "", ""},
		"fieldRef":              {spec(`containers: [{image: app, env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]`), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ValidateService(object(t, tc.object).Object)
			if tc.path == "" {
				if len(got) != 0 {
					t.Errorf("refused: %v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Path != tc.path || !strings.Contains(got[0].Message, tc.says) {
				t.Errorf("got %v, want one at %s that says %q", got, tc.path, tc.says)
			}
		})
	}
}

// Every slip is told, not only the first.
func TestValidateServiceTellsAll(t *testing.T) {
	var got []string
	for _, bad := range ValidateService(object(t, `{metadata: {name: hello}, spec: {template: {metadata: {name: v1}, spec: {containerConcurrency: -1, containers: [{args: [x]}]}}}}`).Object) {
		got = append(got, bad.Path)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"spec.template.metadata.name", "spec.template.spec.containerConcurrency", "spec.template.spec.containers[0].image"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// The object is that of the plan: defaults do not get into it.
func TestValidateServiceLeavesTheObjectAlone(t *testing.T) {
	const text = `{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: app}]}}, traffic: [{percent: 7}]}}`
	u := object(t, text)
	ValidateService(u.Object)
	if diff := cmp.Diff(object(t, text), u); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
}
