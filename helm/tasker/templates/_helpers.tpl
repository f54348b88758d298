{{/* The chart's part of names. */}}
{{- define "tasker.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
What objects are called: the release, and the chart unless the release's name holds it already.
Cut to 52, so that every suffix of ours, and the StatefulSet's revision hash, fits a label's 63.
*/}}
{{- define "tasker.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "tasker.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* What selects the pod. Never changes: a StatefulSet's selector cannot. */}}
{{- define "tasker.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tasker.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tasker.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "tasker.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "tasker.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "tasker.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* tasker.yaml: the user's settings, and what the pod itself decides. */}}
{{- define "tasker.settings" -}}
{{- $settings := deepCopy .Values.settings }}
{{- $_ := set $settings "listen" (printf "0.0.0.0:%d" (int .Values.ports.grpc)) }}
{{- $_ := set $settings "metrics" (dict "listen" (printf "0.0.0.0:%d" (int .Values.ports.metrics))) }}
{{- $_ := set $settings "data" "/var/lib/tasker" }}
{{- if .Values.templates }}
{{- $_ := set $settings "templates" "/etc/tasker/templates" }}
{{- end }}
{{- toYaml $settings }}
{{- end }}

{{/* Whole seconds, rounded up, of a duration such as 20s, 250ms or 1h30m. */}}
{{- define "tasker.seconds" -}}
{{- $factors := dict "ms" 0.001 "s" 1.0 "m" 60.0 "h" 3600.0 }}
{{- $total := 0.0 }}
{{- range regexFindAll "[0-9]+(ms|s|m|h)" . -1 }}
{{- $number := regexFind "^[0-9]+" . | float64 }}
{{- $total = addf $total (mulf $number (get $factors (regexFind "[a-z]+$" .))) }}
{{- end }}
{{- ceil $total | int }}
{{- end }}

{{/* The pod is killed only after taskerd has had its drain and the margin. */}}
{{- define "tasker.gracePeriodSeconds" -}}
{{- $drain := include "tasker.seconds" (default "20s" .Values.settings.drain) | int }}
{{- add $drain (int .Values.shutdownMarginSeconds) }}
{{- end }}

{{/* A probe by grpc.health.v1, with its times. Takes (dict "root" $ "times" ...), and the "service"
whose health is asked for, where it is not the whole. */}}
{{- define "tasker.probe" -}}
grpc:
  port: {{ .root.Values.ports.grpc }}
{{- with .service }}
  service: {{ . }}
{{- end }}
{{ toYaml .times }}
{{- end }}

{{/* What selects the pods of tasker-sinks: another name, so that taskerd's services never lead to them. */}}
{{- define "tasker.sinksSelectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-sinks" (include "tasker.name" . | trunc 57 | trimSuffix "-") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tasker.sinksLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "tasker.sinksSelectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* sinks.yaml. */}}
{{- define "tasker.sinksSettings" -}}
{{- toYaml (dict "sinks" .Values.sinks.settings) }}
{{- end }}
