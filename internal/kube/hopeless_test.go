package kube

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// One line a row of hopeless' table.
func TestHopeless(t *testing.T) {
	waits := func(reason, restarts string) string {
		return `{metadata: {name: p}, status: {containerStatuses: [{name: queue-proxy, state: {running: {}}}, {name: app, restartCount: ` + restarts + `, state: {waiting: {reason: ` + reason + `, message: m}}}]}}`
	}
	runs := func(metadata, proxyReady, app string) string {
		return `{metadata: {name: p` + metadata + `}, status: {containerStatuses: [{name: queue-proxy, ready: ` + proxyReady + `, state: {running: {}}}, {name: app, ready: true, state: {` + app + `}}]}}`
	}
	exited := func(code, restarts string) string {
		return `{metadata: {name: p}, status: {containerStatuses: [{name: queue-proxy, restartCount: 1, state: {terminated: {exitCode: 1}}}, {name: app, restartCount: ` + restarts + `, state: {terminated: {exitCode: ` + code + `}}}]}}`
	}
	const unprobed = "Pod p: its containers run, and the readiness probe does not pass"
	for name, tc := range map[string]struct {
		pod, want string
		grace     time.Duration
	}{
		"ErrImagePull":                 {waits("ErrImagePull", "0"), "", 0},
		"ImagePullBackOff":             {waits("ImagePullBackOff", "0"), "Pod p: container app: ImagePullBackOff: m", 0},
		"InvalidImageName":             {waits("InvalidImageName", "0"), "Pod p: container app: InvalidImageName: m", 0},
		"ErrImageNeverPull":            {waits("ErrImageNeverPull", "0"), "Pod p: container app: ErrImageNeverPull: m", 0},
		"CreateContainerConfigError":   {waits("CreateContainerConfigError", "0"), "Pod p: container app: CreateContainerConfigError: m", 0},
		"CreateContainerError":         {waits("CreateContainerError", "0"), "Pod p: container app: CreateContainerError: m", 0},
		"CrashLoopBackOff, 1 restart":  {waits("CrashLoopBackOff", "1"), "", 0},
		"CrashLoopBackOff, 2 restarts": {waits("CrashLoopBackOff", "2"), "Pod p: container app crashes again and again (2 restarts)", 0},
		"ContainerCreating":            {waits("ContainerCreating", "9"), "", 0},
		"runs":                         {runs("", "true", "running: {}"), "", 0},
		"runs, and is not ready":       {runs("", "false", "running: {}"), unprobed, startTime},
		"runs longer by its deadline":  {runs(`, annotations: {serving.knative.dev/progress-deadline: 15m}`, "false", "running: {}"), unprobed, 15 * time.Minute},
		"is being deleted":             {runs(`, deletionTimestamp: "2026-01-01T00:00:00Z"`, "false", "running: {}"), "", 0},
		"has crashed":                  {exited("1", "1"), "", 0},
		"has crashed 3 times":          {exited("1", "2"), "Pod p: container app crashes again and again (2 restarts)", 0},
		"has ended well":               {exited("0", "2"), "", 0},
		"nothing is reported yet":      {`{}`, "", 0},
		"has no node":                  {`{metadata: {name: p}, status: {conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: no room}]}}`, "Pod p: cannot be scheduled: no room", scaleUpTime},
		"has a node":                   {`{metadata: {name: p}, status: {conditions: [{type: PodScheduled, status: "True"}]}}`, "", 0},
		"an init container": {
			`{metadata: {name: p}, status: {initContainerStatuses: [{name: init, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}}], containerStatuses: [{name: app, state: {waiting: {reason: PodInitializing}}}]}}`,
			"Pod p: container init crashes again and again (3 restarts)", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var pod corev1.Pod
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object(t, tc.pod).Object, &pod); err != nil {
				t.Fatal(err)
			}
			if got, grace := hopeless(&pod); got != tc.want || grace != tc.grace {
				t.Errorf("got %q after %s, want %q after %s", got, grace, tc.want, tc.grace)
			}
		})
	}
}

// One line a row of withPods' table.
func TestWithPods(t *testing.T) {
	for name, tc := range map[string]struct {
		progress Progress
		pods     fate
		want     Progress
		says     string
	}{
		"hopeless, and not ready yet":   {Pending, fate{why: "crash", hopeless: true}, Failing, "crash"},
		"hopeless, and failed":          {Failing, fate{why: "crash", hopeless: true}, Failing, "crash"},
		"without a node, and failed":    {Failing, fate{why: "no node", curable: true}, Pending, "no node"},
		"without a node, not ready yet": {Pending, fate{why: "no node", curable: true}, Pending, "no node"},
		"not up yet, and failed":        {Failing, fate{why: "probe"}, Failing, "condition"},
		"not up yet, not ready yet":     {Pending, fate{why: "probe"}, Pending, "probe"},
		"nothing is wrong, and failed":  {Failing, fate{}, Failing, "condition"},
		"nothing is wrong, and pending": {Pending, fate{}, Pending, "condition"},
	} {
		t.Run(name, func(t *testing.T) {
			if got, says := withPods(tc.progress, "condition", tc.pods); got != tc.want || says != tc.says {
				t.Errorf("got %v %q, want %v %q", got, says, tc.want, tc.says)
			}
		})
	}
}
