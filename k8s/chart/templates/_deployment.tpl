{{/* The Deployment of a role: the same for all but for the command, the numbers and the port. Takes a dict of root, role and serves (a port for clients). */}}
{{- define "restante.deployment" -}}
{{- $root := .root -}}
{{- $name := printf "%s-%s" (include "restante.name" $root) .role -}}
{{- $values := index $root.Values .role -}}
{{- $auth := $root.Values.nats.auth -}}
{{- $tls := $root.Values.nats.tls -}}
{{- $login := include "restante.login" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "restante.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  {{- if not (dig "autoscaling" "enabled" false $values) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  # A new one is ready before an old one goes.
  strategy: { type: RollingUpdate, rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  selector:
    matchLabels:
      {{- include "restante.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "restante.selector" . | nindent 8 }}
      annotations:
        # Another configuration makes other pods.
        checksum/config: {{ include "restante.config" $root | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      automountServiceAccountToken: false
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      terminationGracePeriodSeconds: {{ add $root.Values.leaveSeconds $root.Values.drainSeconds 20 }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "restante.selector" . | nindent 14 }}
      containers:
        - name: {{ .role }}
          image: "{{ $root.Values.image.repository }}:{{ $root.Values.image.tag | default $root.Chart.AppVersion }}"
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [{{ .role }}]
          env:
            - { name: RESTANTE_CONFIG, value: /etc/restante/restante.yaml }
            {{- if eq $auth.kind "password" }}
            - { name: RESTANTE_NATS_USER, value: {{ index $auth.users .role | quote }} }
            {{- end }}
            {{- with $login }}
            - { name: {{ .variable }}, value: /etc/restante/nats/login }
            {{- end }}
          ports:
            {{- if .serves }}
            - { name: http, containerPort: 8080 }
            {{- end }}
            - { name: admin, containerPort: 9090 }
          # Alive: it answers. Ready: it reaches NATS and, for an edge or a router, entries arrive; it says why not.
          livenessProbe:
            httpGet: { path: /healthz, port: admin }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          lifecycle:
            # Meanwhile every node learns that nothing new goes to this pod.
            preStop: { sleep: { seconds: {{ $root.Values.leaveSeconds }} } }
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: config, mountPath: /etc/restante/restante.yaml, subPath: restante.yaml, readOnly: true }
            {{- if $login }}
            - { name: login, mountPath: /etc/restante/nats, readOnly: true }
            {{- end }}
            {{- if $tls.secretName }}
            - { name: tls, mountPath: /etc/restante/tls, readOnly: true }
            {{- end }}
      volumes:
        - name: config
          configMap: { name: {{ include "restante.name" $root }} }
        {{- with $login }}
        - name: login
          secret: { secretName: {{ $auth.secretName }}, items: [{ key: {{ .key }}, path: login }] }
        {{- end }}
        {{- if $tls.secretName }}
        - name: tls
          secret: { secretName: {{ $tls.secretName }} }
        {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
---
# Nodes are emptied one pod of a role at a time.
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels:
    {{- include "restante.labels" $root | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "restante.selector" . | nindent 6 }}
{{- if .serves }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "restante.labels" $root | nindent 4 }}
  {{- with $values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ $values.service.type }}
  # Any client may come to any pod.
  sessionAffinity: None
  ports:
    - { name: http, port: {{ $values.service.port }}, targetPort: http }
  selector:
    {{- include "restante.selector" . | nindent 4 }}
{{- end }}
{{- end -}}
