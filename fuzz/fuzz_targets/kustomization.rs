//! Any kustomization over a few fixed resources is built or refused.
#![no_main]

use std::sync::Arc;

use gitops_core::api::{ApplicationSource, KustomizeSource};
use gitops_core::tree::MemoryTree;
use gitops_render::{Inputs, Limits, render};
use libfuzzer_sys::fuzz_target;

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, labels: {app: web}}\nspec:\n  replicas: 1\n  \
                          selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      \
                          containers: [{name: web, image: 'nginx:1'}]\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\n\
                          stringData: {a: b}\n";

fuzz_target!(init: gitops_fuzz::let_the_reader_catch(), |text: &[u8]| {
    let tree = MemoryTree::new()
        .with_file("app/kustomization.yaml", text.to_vec())
        .with_file("app/web.yaml", DEPLOYMENT)
        .with_file("app/patch.yaml", text.to_vec())
        .with_file("base/kustomization.yaml", "resources: [web.yaml]\nnamePrefix: base-\n")
        .with_file("base/web.yaml", DEPLOYMENT);
    let mut source = ApplicationSource::new("file:///fuzz");
    source.path = Some("app".into());
    source.kustomize = Some(Box::new(KustomizeSource::default()));
    let _ = render(Arc::new(tree), &source, &Inputs::new("fuzz"), &Limits::default());
});
