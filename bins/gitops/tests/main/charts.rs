//! Charts from repositories on this machine: rendered, pulled, shown, and synced as Applications.

use std::fs;
use std::path::{Path, PathBuf};

use gitops_core::tree::pack;
use gitops_fixtures::{ChartRepository, packed_chart};

use crate::workbench::{Workbench, finish};

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-{{ .Chart.Name }}}\ndata:\n  colour: {{ \
                      .Values.colour | quote }}\n  namespace: {{ .Release.Namespace }}\n";

/// A chart with one template.
fn archive(name: &str, version: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let chart = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let files = [("Chart.yaml", chart.as_str()), ("values.yaml", "colour: blue\n"), ("templates/config.yaml", CONFIG)];
    pack(name, files.iter().chain(more).map(|(path, text)| (*path, text.as_bytes()))).unwrap()
}

fn repository() -> ChartRepository {
    let mut charts = ChartRepository::new().unwrap();
    for version in ["1.0.0", "1.2.0", "2.0.0-rc.1"] {
        let readme = [("README.md", "# web\n"), ("crds/a.yaml", "kind: CustomResourceDefinition\n")];
        charts.add("web", version, &archive("web", version, &readme));
    }
    charts
}

fn folder(bench: &Workbench, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = bench.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn charts_of_repositories_are_rendered() {
    let (bench, charts) = (Workbench::new(), repository());
    let url = charts.url();
    let run = bench.run(["template", "rel", "web", "--repo", &url, "-n", "ns", "--set", "colour=red"]).exits(0);
    let expected = "---\n# Source: web/templates/config.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: rel-web}\ndata:\n  \
                    colour: \"red\"\n  namespace: ns\n";
    assert_eq!(run.stdout, expected);
    let archive = charts.server().url("charts/web-1.0.0.tgz");
    let run = bench.run(["template", &archive]).exits(0).says("release-name-web");
    assert!(run.stderr.is_empty(), "{run:?}");
    bench
        .run(["template", "rel", "web", "--repo", &url, "--version", "3"])
        .exits(2)
        .says("the highest is `2.0.0-rc.1`");
    bench.run(["template", "rel", "wed", "--repo", &url]).exits(2).says("nearest: `web`");
    bench.run(["template", "rel", "web", "--generate-name"]).exits(2).says("cannot set --generate-name");
    bench.run(["template", "rel", "nowhere"]).exits(2).says("`nowhere` is no folder and no file");
}

#[test]
fn charts_are_pulled_and_shown() {
    let (bench, charts) = (Workbench::new(), repository());
    let url = charts.url();
    bench.run(["chart", "pull", "web", "--repo", &url, "--destination", "got"]).exits(0).says("web-1.2.0.tgz");
    bench.run(["chart", "pull", "web", "--repo", &url, "--devel", "--untar"]).exits(0).says("web 2.0.0-rc.1 in ./web");
    assert!(bench.path().join("web/templates/config.yaml").is_file());
    bench.run(["chart", "pull", "web", "--repo", &url, "--untar"]).exits(2).says("is there already");
    bench.run(["chart", "pull", "web", "--repo", &url, "--locked"]).exits(2).says("is not in `gitops.lock`");
    let shown = |part: &str| bench.run(["chart", "show", part, "got/web-1.2.0.tgz"]).exits(0).stdout;
    assert_eq!(shown("chart"), "apiVersion: v2\nname: web\nversion: 1.2.0\n\n");
    assert_eq!(shown("values"), "colour: blue\n\n");
    assert_eq!(shown("readme"), "# web\n\n");
    assert_eq!(shown("crds"), "kind: CustomResourceDefinition\n\n");
    let all = shown("all");
    assert_eq!(all.matches("---\n").count(), 3, "{all}");
    bench.run(["chart", "show", "values", "web"]).exits(0).says("colour: blue");

    charts.server().guard("charts", "Basic bWU6c2VjcmV0", "Basic realm=\"x\"");
    let pull = |bench: &Workbench, more: &[&str]| {
        let mut command = bench.command();
        command.args(["chart", "pull", "web", "--repo", &url, "--version", "1.0.0"]).args(more);
        finish(command.env("GITOPS_CHART_PASSWORD", "secret"))
    };
    pull(&bench, &[]).exits(2).says("with the status 401").says("--username");
    pull(&bench, &["--username", "me"]).exits(2).says("credentials are not sent over unencrypted");
    pull(&bench, &["--username", "me", "--plain-http"]).exits(0).says("web-1.0.0.tgz");
}

#[test]
fn dependencies_are_built_locked_and_listed() {
    let (bench, charts) = (Workbench::new(), repository());
    let chart = format!(
        "apiVersion: v2\nname: shop\nversion: 0.1.0\ndependencies:\n- {{name: web, version: ^1, repository: '{}'}}\n- {{name: \
         beside, version: '>=1.0.0', repository: 'file://../beside', alias: other}}\n",
        charts.url()
    );
    folder(
        &bench,
        &[
            (".git/HEAD", "ref: refs/heads/main\n"),
            ("shop/Chart.yaml", &chart),
            ("beside/Chart.yaml", "apiVersion: v2\nname: beside\nversion: 1.1.0\n"),
            ("beside/values.yaml", "colour: green\n"),
            ("beside/templates/config.yaml", CONFIG),
        ],
    );
    let missing = "found in Chart.yaml, but missing in charts/ directory: web, beside";
    bench.run(["template", "rel", "shop"]).exits(2).says(missing);
    bench.run(["chart", "dependency", "list", "shop"]).exits(0).says("missing");
    bench.run(["chart", "dependency", "build", "shop", "--locked"]).exits(2).says("is not in `gitops.lock`");
    bench.run(["chart", "dependency", "build", "shop"]).exits(0).says("web 1.2.0").says("beside 1.1.0");
    let lock = fs::read_to_string(bench.path().join("shop/Chart.lock")).unwrap();
    assert!(lock.contains("version: 1.2.0") && lock.contains("digest: sha256:"), "{lock}");
    let pins = fs::read_to_string(bench.path().join("shop/gitops.lock")).unwrap();
    assert!(pins.contains("web ^1 1.2.0 sha256:"), "{pins}");
    let run = bench.run(["chart", "dependency", "list", "shop", "-o", "json"]).exits(0);
    let statuses: Vec<_> = run.json().as_array().unwrap().iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["ok", "ok"]);
    bench.run(["template", "rel", "shop"]).exits(0).says("rel-web").says("rel-other").says("\"green\"");
    let asked = charts.server().asked().len();
    fs::remove_dir_all(bench.path().join("shop/charts")).unwrap();
    bench.run(["chart", "dependency", "build", "shop"]).exits(0).says("web 1.2.0");
    // The version of the lock file is another question than the range, so the index is read; the archive is here.
    assert!(!charts.server().asked()[asked..].iter().any(|path| path.ends_with(".tgz")));
    fs::write(bench.path().join("shop/Chart.yaml"), chart.replace("^1", "^2.0.0-0")).unwrap();
    bench.run(["chart", "dependency", "build", "shop"]).exits(2).says("(Chart.lock) is out of sync");
    bench.run(["template", "rel", "shop", "--dependency-update"]).exits(0);
    assert!(bench.path().join("shop/charts/web-2.0.0-rc.1.tgz").is_file());
    assert!(!bench.path().join("shop/charts/web-1.2.0.tgz").exists());
}

/// The tutorial's Application of a chart, from a repository on this machine that has the chart at its version.
struct Ingress {
    bench: Workbench,
    _charts: ChartRepository,
}

impl Ingress {
    fn new(option: &str) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let chart: PathBuf = root.join("../shared/conformance/helm/charts/ingress-nginx/tree");
        if !chart.is_dir() {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "no {}", chart.display());
            println!("skipped: no {}", chart.display());
            return None;
        }
        let metadata = fs::read_to_string(chart.join("Chart.yaml")).unwrap();
        let version = metadata.lines().find_map(|line| line.strip_prefix("version: ")).unwrap();
        let mut charts = ChartRepository::new().unwrap();
        charts.add("ingress-nginx", version, &packed_chart("ingress-nginx", &chart).unwrap());
        let bench = Workbench::new();
        let text = fs::read_to_string(root.join("examples/tutorial/applications/nginx-ingress.yaml")).unwrap();
        let text = text.replace("https://kubernetes.github.io/ingress-nginx", &charts.url());
        // Whatever version is here stands in for the one that is asked for.
        let text = text.replace("targetRevision: 4.8.0", &format!("targetRevision: {version}"));
        fs::write(bench.path().join("app.yaml"), text.replace("    - SkipDryRunOnMissingResource=true\n", option))
            .unwrap();
        Some(Self { bench, _charts: charts })
    }
}

#[test]
fn the_tutorials_chart_names_the_definition_that_is_missing() {
    let Some(Ingress { bench, .. }) = &Ingress::new("") else { return };
    let run = bench.run(["sync", "app.yaml"]).says("ServiceMonitor").says("SkipDryRunOnMissingResource=true");
    assert_ne!(run.code, 0, "{run:?}");
}

/// A definition of the kind that the tutorial's chart makes objects of, where monitoring is switched on.
const MONITORS: &str = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: \
                        servicemonitors.monitoring.coreos.com}\nspec:\n  group: monitoring.coreos.com\n  scope: \
                        Namespaced\n  names: {kind: ServiceMonitor, plural: servicemonitors, singular: \
                        servicemonitor}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    \
                        schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}\n";

/// As Argo CD 3.5.1 does: the dry run of what has no definition is skipped, the rest is synced, and the object itself
/// fails unless the sync brought its definition.
#[test]
fn the_tutorials_chart_is_synced_but_for_what_has_no_definition() {
    let Some(Ingress { bench, .. }) = &Ingress::new("    - SkipDryRunOnMissingResource=true\n") else { return };
    let run = bench.run(["sync", "app.yaml"]).exits(1);
    let controller = "ok apps/Deployment/ingress-nginx/nginx-ingress-ingress-nginx-controller";
    run.says("chart ingress-nginx")
        .says(controller)
        .says("the cluster does not serve the kind monitoring.coreos.com/v1 ServiceMonitor")
        .says("hint: add its CustomResourceDefinition to the source");
}

#[test]
fn the_tutorials_chart_is_synced_where_its_kinds_are_defined() {
    let Some(Ingress { mut bench, _charts }) = Ingress::new("    - SkipDryRunOnMissingResource=true\n") else { return };
    bench.repository.commit([("monitoring/definition.yaml", MONITORS)]).unwrap();
    let monitoring = bench.application_named("monitoring", "monitoring", "");
    bench.run(["sync", &monitoring]).exits(0);
    bench
        .run(["sync", "app.yaml"])
        .exits(0)
        .says("ok monitoring.coreos.com/ServiceMonitor/ingress-nginx/nginx-ingress");
    bench.run(["sync", "app.yaml"]).exits(0).says("nothing to do");
}
