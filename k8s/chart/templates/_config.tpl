{{/* restante.yaml: what the chart knows, and `config`. */}}
{{- define "restante.config" -}}
{{- $own := dict
  "backend" (join "," .Values.nats.urls)
  "host" "0.0.0.0"
  "port" 8080
  "adminPort" 9090
  "drainMs" (printf "%ds" (int .Values.drainSeconds))
-}}
{{- if .Values.nats.tls.secretName -}}
{{- $tls := dict "ca" "/etc/restante/tls/ca.crt" -}}
{{- if .Values.nats.tls.clientCertificate -}}
{{- $tls = merge $tls (dict "cert" "/etc/restante/tls/tls.crt" "key" "/etc/restante/tls/tls.key") -}}
{{- end -}}
{{- $own = merge $own (dict "nats" (dict "tls" $tls)) -}}
{{- end -}}
{{- merge $own (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{/* How a role says who it is: the key of its Secret, and the variable that names the file. Takes a dict of root and role. */}}
{{- define "restante.login" -}}
{{- $kind := .root.Values.nats.auth.kind -}}
{{- if eq $kind "password" -}}
key: {{ .role }}-password
variable: RESTANTE_NATS_PASSWORD_FILE
{{- else if eq $kind "token" -}}
key: token
variable: RESTANTE_NATS_TOKEN_FILE
{{- else if eq $kind "nkeySeed" -}}
key: {{ .role }}-seed
variable: RESTANTE_NATS_NKEY_SEED_FILE
{{- else if eq $kind "credentials" -}}
key: {{ .role }}.creds
variable: RESTANTE_NATS_CREDENTIALS_FILE
{{- end -}}
{{- end -}}
