//! Any text as a template of a chart, beside one that it can include, is rendered or refused within its budgets.
#![no_main]

use std::sync::{Arc, OnceLock};

use gitops_core::tree::{MemoryTree, TreePath};
use gitops_render::Limits;
use gitops_render::helm::{Chart, KubeVersion, Release, render};
use gitops_template::{Fixed, Functions};
use libfuzzer_sys::fuzz_target;

const CHART: &str = "apiVersion: v2\nname: fuzz\nversion: 1.0.0\n";
const VALUES: &str = "text: a b\nnumber: 3\nlist: [1, two, {three: 3}]\nmap: {a: 1, b: {c: x}}\nnothing: null\n";
const HELPERS: &str = "{{- define \"named\" -}}{{ .Chart.Name }}-{{ .Values.text | default \"x\" | upper }}{{- end -}}";

fuzz_target!(init: gitops_fuzz::let_the_reader_catch(), |text: &[u8]| {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    let tree = MemoryTree::new()
        .with_file("Chart.yaml", CHART)
        .with_file("values.yaml", VALUES)
        .with_file("templates/_helpers.tpl", HELPERS)
        .with_file("templates/t.yaml", text.to_vec());
    let Ok(chart) = Chart::read(&tree, &TreePath::root(), &Limits::default()) else { return };
    let mut release = Release::new("rel", "ns", KubeVersion::default());
    release.limits.steps = 200_000;
    release.limits.output = 1 << 20;
    release.limits.depth = 200;
    let functions = FUNCTIONS.get_or_init(Functions::helm);
    let host = Fixed::new(1_700_000_000, 1);
    let _ = render(&Arc::new(chart), &serde_json::Map::new(), &release, functions, &host);
});
