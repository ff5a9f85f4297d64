package kube

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The left is a Service as Knative v0.50.0 stores it: its defaults are those of revision_defaults.go and route_defaults.go.
func TestWithoutDefaults(t *testing.T) {
	for name, tc := range map[string]struct{ stored, want string }{
		"as little as there is": {
			`{metadata: {name: hello}, spec: {
				template: {spec: {containerConcurrency: 0, timeoutSeconds: 300, enableServiceLinks: false,
					containers: [{name: user-container, image: i, readinessProbe: {successThreshold: 1, tcpSocket: {port: 0}}, resources: {}}]}},
				traffic: [{latestRevision: true, percent: 100}]}, status: {url: u}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
		},
		"what somebody decided": {
			`{metadata: {name: hello}, spec: {
				template: {metadata: {name: hello-v1, annotations: {autoscaling.knative.dev/min-scale: "1"}},
					spec: {containerConcurrency: 5, timeoutSeconds: 60, enableServiceLinks: true, serviceAccountName: a,
						containers: [{name: app, image: i, args: [x], resources: {limits: {cpu: "1"}}}]}},
				traffic: [{revisionName: hello-v1, percent: 100}]}}`,
			`{metadata: {name: hello}, spec: {
				template: {metadata: {name: hello-v1, annotations: {autoscaling.knative.dev/min-scale: "1"}},
					spec: {containerConcurrency: 5, timeoutSeconds: 60, enableServiceLinks: true, serviceAccountName: a,
						containers: [{name: app, image: i, args: [x], resources: {limits: {cpu: "1"}}}]}},
				traffic: [{revisionName: hello-v1, percent: 100}]}}`,
		},
		"each container, named after its place": {
			`{metadata: {name: hello}, spec: {template: {spec: {timeoutSeconds: 60,
				containers: [{name: user-container-0, image: i, ports: [{containerPort: 80}], readinessProbe: {successThreshold: 1, tcpSocket: {port: 0}}, resources: {}}, {name: side, image: j, resources: {}}],
				initContainers: [{name: init-container, image: k}]}}}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {timeoutSeconds: 60,
				containers: [{image: i, ports: [{containerPort: 80}]}, {name: side, image: j}],
				initContainers: [{image: k}]}}}}`,
		},
		"a probe of one's own": {
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i, readinessProbe: {successThreshold: 2, httpGet: {path: /healthz, port: 8080}}}]}}}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i, readinessProbe: {successThreshold: 2, httpGet: {path: /healthz, port: 8080}}}]}}}}`,
		},
		"a split with a tag is no default": {
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i}]}}, traffic: [{latestRevision: true, percent: 100, tag: live}]}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i}]}}, traffic: [{latestRevision: true, percent: 100, tag: live}]}}`,
		},
		"who made it goes, what else is noted stays": {
			`{metadata: {name: hello, annotations: {serving.knative.dev/creator: me, serving.knative.dev/lastModifier: you, team: a}}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
			`{metadata: {name: hello, annotations: {team: a}}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
		},
		"who made it goes, and no empty map stays": {
			`{metadata: {name: hello, annotations: {serving.knative.dev/creator: me}}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
			`{metadata: {name: hello}, spec: {template: {spec: {containers: [{image: i}]}}}}`,
		},
		"no template at all": {`{metadata: {name: hello}}`, `{metadata: {name: hello}}`},
	} {
		t.Run(name, func(t *testing.T) {
			stored := object(t, tc.stored)
			got, err := WithoutDefaults(stored)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, tc.want).Object, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(object(t, tc.stored), stored); diff != "" {
				t.Errorf("the live object was changed, -before +after:\n%s", diff)
			}
		})
	}
}

func TestWithoutDefaultsOfWhatIsNoService(t *testing.T) {
	if got, err := WithoutDefaults(object(t, `{spec: {template: {spec: {containers: one}}}}`)); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}
