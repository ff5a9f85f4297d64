package admission

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	servingv1 "knative.dev/serving/pkg/apis/serving/v1"

	"github.com/knative-provider/terraform-provider-knative/internal/api/v1alpha1"
	"github.com/knative-provider/terraform-provider-knative/webhook/facts"
)

// BenchmarkServeHTTP is a step that is allowed, of a Service with ten targets and as many Revisions, from the body to the answer.
// internal/bench has the same over TLS, beside Knative's own webhook.
func BenchmarkServeHTTP(b *testing.B) {
	h := &Handler{Facts: facts.NewIndexReader(cached(b)), Now: time.Now, Exempt: ExemptUsers("knative-serving")}
	body := reviewOf(version, tenTargets(1), tenTargets(3))
	w := &discard{header: http.Header{}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(body))
		r.Header["Content-Type"] = contentType
		h.ServeHTTP(w, r)
	}
	if !bytes.Contains(w.last, []byte(`"allowed":true`)) {
		b.Errorf("%s", w.last)
	}
}

// BenchmarkRequest is what of that is the benchmark's own.
func BenchmarkRequest(b *testing.B) {
	body := reviewOf(version, tenTargets(1), tenTargets(3))
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, Path, bytes.NewReader(body))
		r.Header["Content-Type"] = contentType
	}
}

// cached is what informers would keep.
func cached(b *testing.B) facts.Indexes {
	b.Helper()
	var x facts.Indexes
	keep := func(objects ...runtime.Object) {
		index := x.Informer(nil, objects[0], 0, toolscache.Indexers{toolscache.NamespaceIndex: toolscache.MetaNamespaceIndexFunc}).GetIndexer()
		for _, o := range objects {
			if err := index.Add(o); err != nil {
				b.Fatal(err)
			}
		}
	}
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: "ns", Name: name, Labels: map[string]string{serviceLabel: "hello"}}
	}
	var s servingv1.Service
	if err := json.Unmarshal(tenTargets(1), &s); err != nil {
		b.Fatal(err)
	}
	var revisions []runtime.Object
	for i := range 10 {
		revisions = append(revisions, &servingv1.Revision{ObjectMeta: meta(fmt.Sprintf("hello-v%d", i+1))})
	}
	keep(&s)
	keep(revisions...)
	keep(&v1alpha1.RolloutPolicy{ObjectMeta: meta("careful"), Spec: v1alpha1.RolloutPolicySpec{MaxStepPercent: new(int32(20))}})
	keep(&v1alpha1.RolloutRecord{ObjectMeta: meta("hello"), Status: v1alpha1.RolloutRecordStatus{ServiceUID: "1", Stable: "hello-v1"}})
	return x
}

// tenTargets is a Service with ten Revisions and as many targets, as the API server sends it.
func tenTargets(youngest int) []byte {
	var asked []string
	for i := range 10 {
		asked = append(asked, fmt.Sprintf(`{"percent":%d,"revisionName":"hello-v%d","tag":"v%d"}`, map[int]int{0: 100 - youngest, 9: youngest}[i], i+1, i+1))
	}
	return fmt.Appendf(nil, `{"apiVersion":"serving.knative.dev/v1","kind":"Service","metadata":{"annotations":{"serving.knative.dev/creator":"ann","serving.knative.dev/lastModifier":"ann"},"creationTimestamp":"2026-11-22T10:00:00Z","generation":1,"labels":{"team":"bench"},`+
		`"managedFields":[{"apiVersion":"serving.knative.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:template":{"f:spec":{"f:containers":{}}},"f:traffic":{}}},"manager":"bench","operation":"Apply","time":"2026-11-22T10:00:00Z"}],"name":"hello","namespace":"ns","resourceVersion":"12345","uid":"1"},`+
		`"spec":{"template":{"metadata":{"name":"hello-v10"},"spec":{"containerConcurrency":0,"containers":[{"image":"example.com/app:v1","name":"user-container","readinessProbe":{"successThreshold":1,"tcpSocket":{"port":0}},"resources":{}}],"enableServiceLinks":false,"timeoutSeconds":300}},"traffic":[%s]}}`, strings.Join(asked, ","))
}

// discard keeps the last answer, and nothing else.
type discard struct {
	header http.Header
	last   []byte
}

func (d *discard) Header() http.Header { return d.header }

func (d *discard) Write(p []byte) (int, error) {
	d.last = append(d.last[:0], p...)
	return len(p), nil
}

func (d *discard) WriteHeader(int) {}
