{{- define "guard.name" -}}
{{ .Values.fullnameOverride | default .Chart.Name }}
{{- end }}

{{- define "guard.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ include "guard.name" . }}
{{- end }}

{{- define "guard.labels" -}}
{{ include "guard.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "guard.meta" -}}
name: {{ include "guard.name" . }}
namespace: {{ .Release.Namespace }}
labels: {{- include "guard.labels" . | nindent 2 }}
{{- end }}

{{/* The same three of the event gateway, whose Pods are not the guard's. */}}
{{- define "guard.gateway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-gateway
app.kubernetes.io/instance: {{ include "guard.name" . }}-gateway
{{- end }}

{{- define "guard.gateway.labels" -}}
{{ include "guard.gateway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "guard.gateway.meta" -}}
name: {{ include "guard.name" . }}-gateway
namespace: {{ .Release.Namespace }}
labels: {{- include "guard.gateway.labels" . | nindent 2 }}
{{- end }}

{{- define "guard.account" -}}
{{ .Values.serviceAccount.name | default (include "guard.name" .) }}
{{- end }}

{{- define "guard.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* Whose changes are looked at: never those in kube-system or in the guard's own namespace. */}}
{{- define "guard.namespaceSelector" -}}
{{- with .Values.namespaceSelector.matchLabels }}
matchLabels: {{- toYaml . | nindent 2 }}
{{- end }}
matchExpressions:
  - { key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, {{ .Release.Namespace }}] }
{{- with .Values.namespaceSelector.matchExpressions }}
{{ toYaml . | indent 2 }}
{{- end }}
{{- end }}

{{/* The same in one line, for the guard's controllers. */}}
{{- define "guard.namespaces" -}}
kubernetes.io/metadata.name notin (kube-system, {{ .Release.Namespace }})
{{- range $key, $value := .Values.namespaceSelector.matchLabels }}, {{ $key }}={{ $value }}{{ end }}
{{- range .Values.namespaceSelector.matchExpressions }}
{{- if eq .operator "In" }}, {{ .key }} in ({{ join ", " .values }})
{{- else if eq .operator "NotIn" }}, {{ .key }} notin ({{ join ", " .values }})
{{- else if eq .operator "Exists" }}, {{ .key }}
{{- else }}, !{{ .key }}
{{- end }}
{{- end }}
{{- end }}

{{/* Those whom nothing holds up, as admission.ExemptUsers has them; a test holds the two together. */}}
{{- define "guard.exempt" -}}
- name: not-knative-or-kubernetes
  expression: >-
    !(request.userInfo.username in [
    "system:serviceaccount:{{ .Values.knativeNamespace }}:controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
    "system:serviceaccount:kube-system:namespace-controller",
    "system:kube-controller-manager"])
{{- end }}

{{/* The variable "selected" of a policy whose params are RolloutPolicies: that this one enforces, and selects one of the sets of labels. */}}
{{- define "guard.governs" -}}
- { name: selector, expression: "params.spec.?selector.orValue({})" }
- name: selected
  expression: >-
    params.spec.?enforcement.orValue("Enforce") == "Enforce" && variables.labels.exists(l,
    variables.selector.?matchLabels.orValue({}).all(k, l[?k].orValue("") == variables.selector.matchLabels[k] && k in l)
    && variables.selector.?matchExpressions.orValue([]).all(e,
    e.operator == "Exists" ? e.key in l
    : e.operator == "DoesNotExist" ? !(e.key in l)
    : e.operator == "In" ? e.key in l && l[e.key] in e.values
    : !(e.key in l && l[e.key] in e.values)))
{{- end }}

{{/* The variable "bypassed": an object, by its name in CEL, gives a reason, and whoever asks may give one. */}}
{{- define "guard.bypassed" -}}
- name: bypassed
  expression: >-
    string({{ . }}.metadata.?annotations[?"knative-provider.dev/bypass"].orValue("")).trim() != ""
    && authorizer.group("knative-provider.dev").resource("rolloutpolicies").namespace(request.namespace)
    .name(params.metadata.name).check("bypass").allowed()
{{- end }}

{{/* The binding of a policy: a list of the context, the policy's name, and its paramRef or "". */}}
{{- define "guard.binding" -}}
{{- $ := index . 0 }}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ index . 1 }}
  labels: {{- include "guard.labels" $ | nindent 4 }}
spec:
  policyName: {{ index . 1 }}
  validationActions: {{ $.Values.policies.validationActions | toJson }}
  matchResources:
    namespaceSelector: {{- include "guard.namespaceSelector" $ | trim | nindent 6 }}
{{- end }}

{{/* The rules of a file, without those for certificates where cert-manager makes them: a list of the context and the file. */}}
{{- define "guard.rules" -}}
{{- $ := index . 0 }}
{{- range $.Files.Get (index . 1) | fromYamlArray }}
{{- if not (and $.Values.certificates.certManager.enabled (or (has "secrets" .resources) (has "validatingwebhookconfigurations" .resources))) }}
- {{ toJson . }}
{{- end }}
{{- end }}
{{- end }}
