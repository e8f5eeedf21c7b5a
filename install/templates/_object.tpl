{{- /* An object in the release's namespace; what belongs to no namespace only names it where it speaks of others. */ -}}
{{- define "gitops-controller.object" -}}
{{- $namespace := .namespace -}}
{{- if not (hasPrefix "Cluster" .object.kind) -}}
{{- $_ := set .object.metadata "namespace" $namespace -}}
{{- end -}}
{{- range .object.subjects -}}
{{- $_ := set . "namespace" $namespace -}}
{{- end -}}
{{- toYaml .object -}}
{{- end -}}
