use std::fmt::Write as _;

/// The files of an app of apps: a root Application over a folder of Applications, each of a chart of its own in the same
/// repository. Paths and texts; `applications/root.yaml` is the root.
pub fn app_of_apps(count: usize) -> Vec<(String, String)> {
    let mut files = vec![("applications/root.yaml".to_owned(), application("root", "apps", "argocd", ""))];
    for number in 0..count {
        let name = format!("app-{number:04}");
        let values = format!(
            "    helm:\n      values: |\n        replicas: {}\n        team: team-{}\n",
            1 + number % 5,
            number / 10
        );
        files.push((format!("apps/{name}.yaml"), application(&name, &format!("charts/{name}"), &name, &values)));
        files.extend(chart(&name).into_iter().map(|(path, text)| (format!("charts/{name}/{path}"), text)));
    }
    files
}

fn application(name: &str, path: &str, namespace: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  namespace: argocd\nspec:\n  project: \
         default\n  source:\n    repoURL: .\n    targetRevision: HEAD\n    path: {path}\n{more}  destination:\n    server: \
         https://kubernetes.default.svc\n    namespace: {namespace}\n"
    )
}

/// A chart as `helm create` makes one, somewhat shorter.
fn chart(name: &str) -> Vec<(&'static str, String)> {
    let mut values = String::from(VALUES);
    // Settings that every chart has more of than it uses.
    for number in 0..40 {
        // Writing to a String cannot fail.
        let _ = writeln!(values, "setting{number}: {{level: {number}, name: setting-{number}, enabled: true}}");
    }
    vec![
        ("Chart.yaml", format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\nappVersion: \"1.27\"\n")),
        ("values.yaml", values),
        ("templates/_helpers.tpl", HELPERS.to_owned()),
        ("templates/deployment.yaml", DEPLOYMENT.to_owned()),
        ("templates/service.yaml", SERVICE.to_owned()),
        ("templates/serviceaccount.yaml", SERVICE_ACCOUNT.to_owned()),
        ("templates/configmap.yaml", CONFIG_MAP.to_owned()),
        ("templates/ingress.yaml", INGRESS.to_owned()),
        ("templates/hpa.yaml", AUTOSCALER.to_owned()),
    ]
}

const VALUES: &str = "\
replicas: 1
team: none
image: {repository: nginx, tag: \"\", pullPolicy: IfNotPresent}
service: {type: ClusterIP, port: 80}
ingress: {enabled: true, className: nginx, host: example.com}
autoscaling: {enabled: true, minReplicas: 1, maxReplicas: 5, targetCPU: 80}
resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}
";

const HELPERS: &str = r#"{{- define "chart.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "chart.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "chart.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "chart.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
team: {{ .Values.team }}
{{- end }}
"#;

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "chart.fullname" . }}
  labels: {{- include "chart.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicas }}
  {{- end }}
  selector:
    matchLabels: {{- include "chart.selector" . | nindent 6 }}
  template:
    metadata:
      annotations:
        checksum/config: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
      labels: {{- include "chart.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ include "chart.fullname" . }}
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          ports:
            - name: http
              containerPort: {{ .Values.service.port }}
          livenessProbe: {httpGet: {path: /, port: http}}
          resources: {{- toYaml .Values.resources | nindent 12 }}
"#;

const SERVICE: &str = r#"apiVersion: v1
kind: Service
metadata:
  name: {{ include "chart.fullname" . }}
  labels: {{- include "chart.labels" . | nindent 4 }}
spec:
  type: {{ .Values.service.type }}
  ports:
    - port: {{ .Values.service.port }}
      targetPort: http
  selector: {{- include "chart.selector" . | nindent 4 }}
"#;

const SERVICE_ACCOUNT: &str = r#"apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "chart.fullname" . }}
  labels: {{- include "chart.labels" . | nindent 4 }}
"#;

const CONFIG_MAP: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "chart.fullname" . }}
  labels: {{- include "chart.labels" . | nindent 4 }}
data:
  {{- range $key, $value := .Values }}
  {{- if hasPrefix "setting" $key }}
  {{ $key }}: {{ printf "%s=%v" $value.name $value.level | quote }}
  {{- end }}
  {{- end }}
"#;

const INGRESS: &str = r#"{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "chart.fullname" . }}
  labels: {{- include "chart.labels" . | nindent 4 }}
spec:
  ingressClassName: {{ .Values.ingress.className }}
  rules:
    - host: {{ .Values.ingress.host | quote }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: {{ include "chart.fullname" . }}, port: {number: {{ .Values.service.port }}}}}
{{- end }}
"#;

const AUTOSCALER: &str = r#"{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "chart.fullname" . }}
  labels: {{- include "chart.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "chart.fullname" . }}}
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ .Values.autoscaling.targetCPU }}}}
{{- end }}
"#;
