package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/knative-provider/terraform-provider-knative/internal/testenv"
)

const (
	scaledNamespace = "bench-scaled"
	minScale        = "autoscaling.knative.dev/min-scale"
)

// scaledAPI is an API server that has Services, Revisions and ScalingPolicies which are made up, keeps what is written on them, and
// asks another one for everything else.
type scaledAPI struct {
	others     http.Handler
	first, end time.Time

	mu           sync.Mutex
	kinds        map[string]*scaledKind // by the path of their list
	version      int
	writes       map[string]int           // by kind
	began, ended map[string]time.Duration // after the edge, by Revision
	edgeOf       map[string]time.Time
}

// scaledKind is a kind of which there are some.
type scaledKind struct {
	apiVersion, kind string
	names            []string
	objects          map[string]map[string]any
	watches          map[chan []byte]bool
}

func newScaledAPI(cluster *testenv.Cluster, policies int, first time.Time) (*scaledAPI, error) {
	host, err := url.Parse(cluster.Config.Host)
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(cluster.Config)
	if err != nil {
		return nil, err
	}
	a := &scaledAPI{
		others: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(host) }, Transport: transport, FlushInterval: -1},
		first:  first, end: first.Add(2 * time.Minute), version: 1, began: map[string]time.Duration{}, ended: map[string]time.Duration{}, edgeOf: map[string]time.Time{},
		kinds: map[string]*scaledKind{}, writes: map[string]int{},
	}
	for path, kind := range map[string]string{"serving.knative.dev/v1 services": "Service", "serving.knative.dev/v1 revisions": "Revision", "knative-provider.dev/v1alpha1 scalingpolicies": "ScalingPolicy", "knative-provider.dev/v1alpha1 rolloutrecords": "RolloutRecord"} {
		version, plural, _ := strings.Cut(path, " ")
		a.kinds["/apis/"+version+"/namespaces/"+scaledNamespace+"/"+plural] = &scaledKind{apiVersion: version, kind: kind, objects: map[string]map[string]any{}, watches: map[chan []byte]bool{}}
	}
	for i := range scaled {
		a.makeUp(i, i < policies)
	}
	return a, nil
}

// makeUp makes a Service at rest and, where asked, its policy: its window begins at a second of its own of the first minute, by a lead
// time before the second one, and ends when that is over.
func (a *scaledAPI) makeUp(i int, policy bool) {
	name := fmt.Sprintf("service-%d", i)
	meta := func(name string, more map[string]any) map[string]any {
		out := map[string]any{"name": name, "namespace": scaledNamespace, "uid": "uid-" + name, "resourceVersion": "1", "generation": 1, "creationTimestamp": "2026-11-22T10:00:00Z"}
		maps.Copy(out, more)
		return out
	}
	a.put("Service", name, map[string]any{
		"metadata": meta(name, nil), "spec": map[string]any{"template": map[string]any{}},
		"status": map[string]any{"observedGeneration": 1, "latestCreatedRevisionName": name + "-1", "latestReadyRevisionName": name + "-1"},
	})
	a.put("Revision", name+"-1", map[string]any{
		"metadata": meta(name+"-1", map[string]any{
			"labels":      map[string]any{"serving.knative.dev/service": name, "serving.knative.dev/serviceUID": "uid-" + name, "serving.knative.dev/routingState": "active"},
			"annotations": map[string]any{minScale: "1", "serving.knative.dev/creator": "ann"},
		}),
		"spec": map[string]any{"containers": []any{map[string]any{"image": "registry.example.com/team/application"}}},
	})
	if !policy {
		return
	}
	offset := time.Duration(i*60/scaled) * time.Second
	a.edgeOf[name+"-1"] = a.first.Add(offset)
	start := a.first.Add(time.Minute).UTC()
	a.put("ScalingPolicy", name, map[string]any{
		"metadata": meta(name, nil),
		"spec": map[string]any{
			"target": map[string]any{"kind": "Service", "name": name},
			"schedules": []any{map[string]any{
				"name": "day", "start": fmt.Sprintf("%d %d * * *", start.Minute(), start.Hour()), "duration": "1m", "leadTime": (time.Minute - offset).String(), "replicas": 3,
			}},
		},
	})
}

func (a *scaledAPI) put(kind, name string, object map[string]any) {
	for _, k := range a.kinds {
		if k.kind == kind {
			object["apiVersion"], object["kind"] = k.apiVersion, kind
			k.names = append(k.names, name)
			k.objects[name] = object
		}
	}
}

// ServeHTTP lists, watches and keeps what is made up.
func (a *scaledAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if k := a.kinds[r.URL.Path]; k != nil && r.Method == http.MethodGet { // nothing is read one by one
		a.list(w, r, k)
		return
	}
	list, rest, _ := strings.Cut(strings.TrimSuffix(r.URL.Path, "/status"), scaledNamespace+"/")
	plural, name, _ := strings.Cut(rest, "/")
	k := a.kinds[list+scaledNamespace+"/"+plural]
	switch {
	case k != nil && r.Method == http.MethodPatch:
		a.count(k.kind)
		a.patch(w, r, k, name)
	case k != nil && (r.Method == http.MethodPost || r.Method == http.MethodPut):
		a.count(k.kind)
		a.keep(w, r, k)
	case r.Method != http.MethodGet && !strings.HasPrefix(r.URL.Path, "/apis/authentication.k8s.io/"):
		// Nothing else is written. Events come as protobuf, and are not read.
		a.count(plural)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprint(w, `{"apiVersion":"events.k8s.io/v1","kind":"Event"}`)
	default:
		a.others.ServeHTTP(w, r)
	}
}

// list gives all of a kind, as a list or as the beginning of a watch, and in a watch what changes after that.
func (a *scaledAPI) list(w http.ResponseWriter, r *http.Request, k *scaledKind) {
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	changes := make(chan []byte, 4*scaled)
	a.mu.Lock()
	switch query := r.URL.Query(); {
	case query.Get("watch") == "":
		items := make([]any, 0, len(k.names))
		for _, name := range k.names {
			items = append(items, k.objects[name])
		}
		_ = out.Encode(map[string]any{"apiVersion": k.apiVersion, "kind": k.kind + "List", "metadata": map[string]any{"resourceVersion": fmt.Sprint(a.version)}, "items": items})
		a.mu.Unlock()
		return
	case query.Get("sendInitialEvents") == "true":
		for _, name := range k.names {
			_ = out.Encode(map[string]any{"type": "ADDED", "object": k.objects[name]})
		}
		_ = out.Encode(map[string]any{"type": "BOOKMARK", "object": map[string]any{
			"apiVersion": k.apiVersion, "kind": k.kind,
			"metadata": map[string]any{"resourceVersion": fmt.Sprint(a.version), "annotations": map[string]any{"k8s.io/initial-events-end": "true"}},
		}})
	}
	k.watches[changes] = true
	a.mu.Unlock()
	flush := http.NewResponseController(w)
	_ = flush.Flush()
	for {
		select {
		case <-r.Context().Done():
			a.mu.Lock()
			delete(k.watches, changes)
			a.mu.Unlock()
			return
		case change := <-changes:
			_, _ = w.Write(change)
			_ = flush.Flush()
		}
	}
}

// keep takes in a record that is made or written as a whole.
func (a *scaledAPI) keep(w http.ResponseWriter, r *http.Request, k *scaledKind) {
	object := map[string]any{}
	if err := json.NewDecoder(r.Body).Decode(&object); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	meta, _ := object["metadata"].(map[string]any)
	name, _ := meta["name"].(string)
	a.mu.Lock()
	defer a.mu.Unlock()
	change := "MODIFIED"
	if k.objects[name] == nil {
		change = "ADDED"
		k.names = append(k.names, name)
	}
	a.version++
	meta["uid"], meta["resourceVersion"] = "uid-record-"+name, fmt.Sprint(a.version)
	object["apiVersion"], object["kind"] = k.apiVersion, k.kind
	k.objects[name] = object
	whole, err := json.Marshal(object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	k.tell(change, whole)
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(whole)
}

// tell has those who watch hear of a change.
func (k *scaledKind) tell(change string, object []byte) {
	for watch := range k.watches {
		watch <- fmt.Appendf(nil, `{"type":%q,"object":%s}`+"\n", change, object)
	}
}

func (a *scaledAPI) count(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.writes[what]++
}

// written says how much of each kind was written so far.
func (a *scaledAPI) written() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.writes)
}

// patch keeps annotations or a status, notes how long after the edge that came, and tells those who watch.
func (a *scaledAPI) patch(w http.ResponseWriter, r *http.Request, k *scaledKind, name string) {
	came := time.Now()
	var patch struct {
		Metadata struct {
			Annotations map[string]*string `json:"annotations"`
		} `json:"metadata"`
		Status map[string]any `json:"status"`
	}
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	object := k.objects[name]
	if object == nil {
		http.NotFound(w, r)
		return
	}
	a.version++
	meta := object["metadata"].(map[string]any)
	meta["resourceVersion"] = fmt.Sprint(a.version)
	if patch.Status != nil {
		object["status"] = patch.Status
	}
	for key, value := range patch.Metadata.Annotations {
		annotations := meta["annotations"].(map[string]any)
		if value == nil {
			delete(annotations, key)
			continue
		}
		annotations[key] = *value
		switch {
		case key == minScale && *value == "3":
			a.began[name] = came.Sub(a.edgeOf[name])
		case key == minScale:
			a.ended[name] = came.Sub(a.end)
		}
	}
	whole, err := json.Marshal(object)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	k.tell("MODIFIED", whole)
	w.Header().Set("Content-Type", "application/json")
	if strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata") {
		_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": meta})
		return
	}
	_, _ = w.Write(whole)
}

// late is how long after its edge each write came: when windows began, and when they ended.
func (a *scaledAPI) late() (began, ended []time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.began {
		began = append(began, d)
	}
	for _, d := range a.ended {
		ended = append(ended, d)
	}
	return began, ended
}
