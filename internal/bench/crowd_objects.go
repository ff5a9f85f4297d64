package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// crowdKind is a kind of which the crowd has some.
type crowdKind struct {
	version, kind string
	// objects are given one after the other, for all at once would be some 200 MB.
	objects func(yield func([]byte) bool)
}

// crowdKinds are found at the path where all of them are listed.
var crowdKinds = map[string]crowdKind{
	"/apis/serving.knative.dev/v1/services":               {"serving.knative.dev/v1", "Service", each(1, func(s, _ int) []byte { return crowdService(s, 1) })},
	"/apis/serving.knative.dev/v1/revisions":              {"serving.knative.dev/v1", "Revision", each(targets, crowdRevision)},
	"/apis/knative-provider.dev/v1alpha1/rolloutrecords":  {"knative-provider.dev/v1alpha1", "RolloutRecord", each(1, crowdRecord)},
	"/apis/knative-provider.dev/v1alpha1/rolloutpolicies": {"knative-provider.dev/v1alpha1", "RolloutPolicy", crowdPolicies},
}

func (k crowdKind) list(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"apiVersion":%q,"kind":"%sList","metadata":{"resourceVersion":"1"},"items":[`, k.version, k.kind)
	comma := ""
	for object := range k.objects {
		_, _ = fmt.Fprintf(w, "%s%s", comma, object)
		comma = ","
	}
	_, _ = fmt.Fprint(w, "]}")
}

// stream is the list as the beginning of a watch, with the bookmark that ends it.
func (k crowdKind) stream(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for object := range k.objects {
		_, _ = fmt.Fprintf(w, `{"type":"ADDED","object":%s}`+"\n", object)
	}
	_, _ = fmt.Fprintf(w, `{"type":"BOOKMARK","object":{"apiVersion":%q,"kind":%q,"metadata":{"resourceVersion":"1","annotations":{"k8s.io/initial-events-end":"true"}}}}`+"\n", k.version, k.kind)
}

// each gives n objects for each Service.
func each(n int, object func(service, i int) []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for s := range crowdNamespaces * crowdServices {
			for i := range n {
				if !yield(object(s, i+1)) {
					return
				}
			}
		}
	}
}

func crowdPolicies(yield func([]byte) bool) {
	for n := range crowdNamespaces {
		policy := fmt.Appendf(nil, `{"apiVersion":"knative-provider.dev/v1alpha1","kind":"RolloutPolicy","metadata":{"name":"careful","namespace":"crowd-%d","uid":"policy-%d","resourceVersion":"1","generation":1},
			"spec":{"enforcement":"Enforce","maxStepPercent":20,"selector":{"matchLabels":{"team":"bench"}}}}`, n, n)
		if !yield(policy) {
			return
		}
	}
}

// crowdMeta is what Knative's objects have around them; more are members of the metadata, each with a comma before it.
func crowdMeta(name string, service int, uid, more string) string {
	return fmt.Sprintf(`"metadata":{"name":%q,"namespace":"crowd-%d","uid":%q,"resourceVersion":"%d","generation":1,"creationTimestamp":"2026-11-22T10:00:00Z"%s,
		"managedFields":[{"apiVersion":"serving.knative.dev/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:serving.knative.dev/creator":{}},"f:labels":{".":{},"f:team":{}}},"f:spec":{".":{},"f:template":{".":{},"f:spec":{".":{},"f:containers":{}}},"f:traffic":{}}},"manager":"controller","operation":"Update","time":"2026-11-22T10:00:00Z"}]}`,
		name, service/crowdServices, uid, 100000+service, more)
}

func serviceName(service int) string { return fmt.Sprintf("service-%d", service) }

func serviceUID(service int) string { return fmt.Sprintf("11111111-2222-4333-8444-%012d", service) }

func revisionName(service, i int) string { return fmt.Sprintf("service-%d-%05d", service, i) }

const crowdSpec = `{"containerConcurrency":0,"containers":[{"env":[{"name":"TARGET","value":"crowd"},{"name":"DATABASE","value":"postgres://database.example.com:5432/crowd"}],"image":"registry.example.com/team/application@sha256:7f0f3c5c5cc8f3b6e4b5d8a4a2b4e8f6c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6","name":"user-container","ports":[{"containerPort":8080,"name":"http1","protocol":"TCP"}],"readinessProbe":{"successThreshold":1,"tcpSocket":{"port":0}},"resources":{"limits":{"cpu":"1","memory":"512Mi"},"requests":{"cpu":"100m","memory":"128Mi"}}}],"enableServiceLinks":false,"responseStartTimeoutSeconds":300,"timeoutSeconds":300}`

func crowdConditions(types ...string) string {
	out := make([]string, len(types))
	for i, t := range types {
		out[i] = fmt.Sprintf(`{"type":%q,"status":"True","lastTransitionTime":"2026-11-22T10:00:00Z"}`, t)
	}
	return strings.Join(out, ",")
}

// crowdService is a Service as Knative leaves it, of which the youngest Revision has some percent.
func crowdService(service, youngest int) []byte {
	var asked, served []string
	for i := 1; i <= targets; i++ {
		target := fmt.Sprintf(`"revisionName":%q,"percent":%d,"tag":"v%d","latestRevision":false`, revisionName(service, i), map[int]int{1: 100 - youngest, targets: youngest}[i], i)
		asked = append(asked, "{"+target+"}")
		served = append(served, fmt.Sprintf(`{%s,"url":"http://v%d-%s.crowd-%d.example.com"}`, target, i, serviceName(service), service/crowdServices))
	}
	return fmt.Appendf(nil, `{"apiVersion":"serving.knative.dev/v1","kind":"Service",%s,"spec":{"template":{"metadata":{"annotations":{"autoscaling.knative.dev/min-scale":"1"}},"spec":%s},"traffic":[%s]},
		"status":{"observedGeneration":1,"conditions":[%s],"latestCreatedRevisionName":%q,"latestReadyRevisionName":%[5]q,"url":"http://%s.crowd-%d.example.com","address":{"url":"http://%[6]s.crowd-%[7]d.svc.cluster.local"},"traffic":[%s]}}`,
		crowdMeta(serviceName(service), service, serviceUID(service), `,"labels":{"team":"bench"},"annotations":{"serving.knative.dev/creator":"ann@example.com","serving.knative.dev/lastModifier":"ann@example.com"}`),
		crowdSpec, strings.Join(asked, ","), crowdConditions("ConfigurationsReady", "Ready", "RoutesReady"), revisionName(service, targets), serviceName(service), service/crowdServices, strings.Join(served, ","))
}

func crowdRevision(service, i int) []byte {
	more := fmt.Sprintf(`,"labels":{"serving.knative.dev/service":%q,"serving.knative.dev/serviceUID":%q,"serving.knative.dev/configuration":%[1]q,"serving.knative.dev/configurationGeneration":"%[3]d","serving.knative.dev/configurationUID":%[2]q,"serving.knative.dev/routingState":"active","team":"bench"},
		"annotations":{"autoscaling.knative.dev/min-scale":"1","serving.knative.dev/creator":"ann@example.com","serving.knative.dev/routes":%[1]q,"serving.knative.dev/routingStateModified":"2026-11-22T10:00:00Z"},
		"ownerReferences":[{"apiVersion":"serving.knative.dev/v1","kind":"Configuration","name":%[1]q,"uid":%[2]q,"controller":true,"blockOwnerDeletion":true}]`, serviceName(service), serviceUID(service), i)
	return fmt.Appendf(nil, `{"apiVersion":"serving.knative.dev/v1","kind":"Revision",%s,"spec":%s,"status":{"observedGeneration":1,"conditions":[%s],"containerStatuses":[{"name":"user-container","imageDigest":"registry.example.com/team/application@sha256:7f0f3c5c5cc8f3b6e4b5d8a4a2b4e8f6c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6"}],"actualReplicas":1,"desiredReplicas":1}}`,
		crowdMeta(revisionName(service, i), service, fmt.Sprintf("22222222-%04d-4333-8444-%012d", i, service), more), crowdSpec, crowdConditions("Active", "ContainerHealthy", "Ready", "ResourcesAvailable"))
}

// crowdRecord says what is seen, so that nothing has to be written, and has a history.
func crowdRecord(service, _ int) []byte {
	split := fmt.Sprintf(`[{"revision":%q,"percent":99},{"revision":%q,"percent":1}]`, revisionName(service, 1), revisionName(service, targets))
	var history []string
	for range 5 {
		history = append(history, fmt.Sprintf(`{"time":"2026-11-22T10:00:00Z","by":"ann@example.com","kind":"Forward","from":%s,"to":%s}`, split, split))
	}
	serving := bytes.ReplaceAll([]byte(split), []byte("}"), []byte(`,"since":"2026-11-22T10:00:00Z"}`))
	return fmt.Appendf(nil, `{"apiVersion":"knative-provider.dev/v1alpha1","kind":"RolloutRecord",%s,"status":{"serviceUID":%q,"stable":%q,"stableTemplate":"0123456789abcdef0123456789abcdef","lastStep":"2026-11-22T10:00:00Z","split":%s,"serving":%s,"history":[%s]}}`,
		crowdMeta(serviceName(service), service, fmt.Sprintf("33333333-2222-4333-8444-%012d", service), ""), serviceUID(service), revisionName(service, 1), split, serving, strings.Join(history, ","))
}

// crowdReview asks for two percent more for the youngest Revision of a Service.
func crowdReview(service int) []byte {
	return fmt.Appendf(nil, `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"bench","kind":{"group":"serving.knative.dev","version":"v1","kind":"Service"},"resource":{"group":"serving.knative.dev","version":"v1","resource":"services"},
		"name":%q,"namespace":"crowd-%d","operation":"UPDATE","userInfo":{"username":"bench","groups":["system:authenticated"]},"object":%s,"oldObject":%s,"dryRun":false}}`,
		serviceName(service), service/crowdServices, crowdService(service, 3), crowdService(service, 1))
}
