{{- define "rounds.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- /* A room's objects: nurse_app is nurse-app, because names there have no underscore. Takes (list $ room). */ -}}
{{- define "rounds.room" -}}
{{- printf "%s-%s" (include "rounds.name" (index . 0)) (index . 1 | replace "_" "-") -}}
{{- end }}

{{- define "rounds.selector" -}}
app.kubernetes.io/name: rounds
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rounds.labels" -}}
{{ include "rounds.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "rounds.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "rounds.claim" -}}
{{ .Values.maps.existingClaim | default (printf "%s-maps" (include "rounds.name" .)) }}
{{- end }}

{{- /* Which room calls which over HTTP; the network policies and their test stand on it. Operators' commands run in the board's
       pods, and `rounds trace` asks every room: therefore its nurse_app. */ -}}
{{- define "rounds.calls" -}}
geocoding: [booking]
board: [booking, dispatch, geocoding, nurse_app, routing]
nurse_app: [booking, dispatch]
{{- end }}

{{- /* The topics a room follows; scaling by lag stands on it, and its test holds it to the handlers. */ -}}
{{- define "rounds.topics" -}}
booking:
  - rounds.dispatch.day.v1
  - rounds.geocoding.place.v1
  - rounds.intake.booking-request.v1
  - rounds.routing.plan.v1
geocoding: [rounds.booking.visit.v1]
routing: [rounds.booking.visit.v1, rounds.dispatch.day.v1, rounds.dispatch.shift.v1, rounds.geocoding.place.v1]
dispatch: [rounds.booking.visit.v1, rounds.routing.plan.v1]
board:
  - rounds.booking.visit.v1
  - rounds.dispatch.day.v1
  - rounds.dispatch.shift.v1
  - rounds.geocoding.place.v1
  - rounds.routing.plan.v1
nurse_app: [rounds.booking.visit.v1, rounds.dispatch.day.v1]
{{- end }}
