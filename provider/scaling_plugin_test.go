package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/kube"
	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

// TestAccScalingPlugin is examples/plugin-queue-length, applied and run as it is: the consumer has a Pod for each 5 messages; while the
// plugin is down, and the guard starts anew meanwhile, it keeps them, and the status says why; when the plugin is back with an empty
// queue, they go.
func TestAccScalingPlugin(t *testing.T) {
	c, ns := acceptOnBed(t)
	needGuardCRDs(t, c)
	guard := startGuard(t, c, ns)
	q := newQueue(t)
	q.start(t)
	mirror, err := installed()
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../examples/plugin-queue-length/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	cli, err := testenv.NewCLIWith(t.Context(), mirror, t.TempDir(), map[string]string{"main.tf": string(example)},
		map[string]string{"TF_VAR_namespace": ns, "TF_VAR_image": c.Image, "TF_VAR_scaler": q.scaler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if out, ok := output(t, cli, "destroy", "-auto-approve", "-no-color", "-input=false"); !ok {
			t.Error(out)
		}
	})
	converges(t, cli)
	pods := func(what string, enough func(int) bool) {
		t.Helper()
		if err := podsOf(c, ns, "serving.knative.dev/service=consumer", what, enough)(nil); err != nil {
			t.Fatalf("%v\nthe policy: %v", err, live(t, c, kube.ScalingPolicy, ns, "consumer"))
		}
	}
	for range 12 {
		q.send(t, http.MethodPost)
	}
	pods("3, for 12 messages", func(n int) bool { return n == 3 })
	for range 8 {
		q.send(t, http.MethodDelete)
	}
	pods("1, for 4 messages", func(n int) bool { return n == 1 })
	for range 6 {
		q.send(t, http.MethodPost)
	}
	pods("2, for 10 messages", func(n int) bool { return n == 2 })

	q.stop(t)
	pluginSays(t, c, ns, "plugin orders: IsActive: ", "a floor of 2")
	if err := guard.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := guard.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	time.Sleep(15 * time.Second) // long enough for Knative to take away what nobody asks for: its window is 6 s
	pods("2 still, with the plugin down and a guard that has started anew", func(n int) bool { return n == 2 })
	if status := live(t, c, kube.ScalingPolicy, ns, "consumer").Object["status"].(map[string]any); fmt.Sprint(status["floor"], status["floorFrom"]) != "2plugin/orders" {
		t.Errorf("the status is %v", status)
	}
	q.start(t) // its queue is empty
	pluginSays(t, c, ns, "plugin orders answers again: not active")
	pods("none, for no messages", func(n int) bool { return n == 0 })
}

// pluginSays waits for an Event of the policy with all of these words.
func pluginSays(t *testing.T, c *testenv.Cluster, namespace string, words ...string) {
	t.Helper()
	err := testenv.Eventually(t.Context(), time.Minute, func(ctx context.Context) error {
		list, err := c.Kube.EventsV1().Events(namespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		var notes []string
		for i := range list.Items {
			e := &list.Items[i]
			if e.Regarding.Kind != "ScalingPolicy" {
				continue
			}
			all := true
			for _, word := range words {
				all = all && strings.Contains(e.Note, word)
			}
			if all {
				return nil
			}
			notes = append(notes, e.Reason+": "+e.Note)
		}
		return fmt.Errorf("no Event says %q, of\n%s", words, strings.Join(notes, "\n"))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// queueProcess is examples/plugin-queue-length, built and run.
type queueProcess struct {
	bin, scaler, queue string
	process            *exec.Cmd
}

func newQueue(t *testing.T) *queueProcess {
	t.Helper()
	q := &queueProcess{bin: filepath.Join(t.TempDir(), "queue"), scaler: freeAddress(t), queue: freeAddress(t)}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", q.bin, "../examples/plugin-queue-length").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return q
}

func (q *queueProcess) start(t *testing.T) {
	t.Helper()
	p := exec.Command(q.bin, "-scaler", q.scaler, "-queue", q.queue)
	p.Stdout, p.Stderr = os.Stderr, os.Stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	q.process = p
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	err := testenv.Eventually(t.Context(), 10*time.Second, func(context.Context) error {
		conn, err := net.Dial("tcp", q.queue)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (q *queueProcess) stop(t *testing.T) {
	t.Helper()
	if err := q.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = q.process.Wait()
}

// send puts a message into the queue of orders, or takes one out.
func (q *queueProcess) send(t *testing.T, method string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+q.queue+"/orders", strings.NewReader("an order"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		err = resp.Body.Close()
	}
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
