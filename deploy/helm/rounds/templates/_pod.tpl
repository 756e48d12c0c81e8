{{- /* What every pod has in common. Nothing runs as root, writes to its root, or talks to the Kubernetes API. */ -}}
{{- define "rounds.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "rounds.container" -}}
image: {{ include "rounds.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- /* What is no secret, the same for rooms and for the jobs that come before them. */ -}}
{{- define "rounds.databaseSettings" -}}
ROUNDS_DATABASE_URL: {{ .Values.database.url | quote }}
ROUNDS_DATABASE_PASSWORD_FILE: /run/secrets/rounds/database.password
{{- end }}

{{- define "rounds.kafkaSettings" -}}
ROUNDS_KAFKA_BOOTSTRAP_SERVERS: {{ .Values.kafka.bootstrapServers | quote }}
ROUNDS_KAFKA_SECURITY_PROTOCOL: {{ .Values.kafka.securityProtocol | quote }}
ROUNDS_KAFKA_REPLICATION: {{ .Values.kafka.replication | quote }}
ROUNDS_KAFKA_SESSION_SECONDS: {{ .Values.kafka.sessionSeconds | quote }}
{{- if contains "SASL" .Values.kafka.securityProtocol }}
ROUNDS_KAFKA_SASL_MECHANISM: {{ .Values.kafka.saslMechanism | quote }}
ROUNDS_KAFKA_SASL_PASSWORD_FILE: /run/secrets/rounds/kafka.password
{{- end }}
{{- if and (contains "SSL" .Values.kafka.securityProtocol) .Values.kafka.ca }}
ROUNDS_KAFKA_SSL_CA_FILE: /run/secrets/rounds/kafka.ca.crt
{{- end }}
{{- end }}

{{- define "rounds.kafkaUser" -}}
{{- if contains "SASL" .Values.kafka.securityProtocol }}
- name: ROUNDS_KAFKA_SASL_USERNAME
  valueFrom: { secretKeyRef: { name: {{ .Values.kafka.existingSecret }}, key: username } }
{{- end }}
{{- end }}

{{- /* The part of a projected volume that opens Kafka. */ -}}
{{- define "rounds.kafkaSecret" -}}
{{- $sasl := contains "SASL" .Values.kafka.securityProtocol }}
{{- $ca := and (contains "SSL" .Values.kafka.securityProtocol) .Values.kafka.ca }}
{{- if or $sasl $ca }}
- secret:
    name: {{ .Values.kafka.existingSecret }}
    items:
      {{- if $sasl }}
      - { key: password, path: kafka.password }
      {{- end }}
      {{- if $ca }}
      - { key: ca.crt, path: kafka.ca.crt }
      {{- end }}
{{- end }}
{{- end }}

{{- /* A room's own database password. Takes (list $ room). */ -}}
{{- define "rounds.databaseSecret" -}}
- secret:
    name: {{ (index . 0).Values.database.existingSecret }}
    items: [{ key: {{ index . 1 }}, path: database.password }]
{{- end }}
