//! The applications of argocd-example-apps.

use gitops_render::SourceType;

use crate::support::{inputs, message, render_with, shared, source, tree_of};

#[test]
fn example_applications_render() {
    let Some(root) = shared("conformance/real-apps") else { return };
    let tree = tree_of(&root);
    let render = |path: &str, edit: &dyn Fn(&mut gitops_core::api::ApplicationSource)| {
        let mut source = source(path);
        edit(&mut source);
        render_with(tree.clone(), &source, &inputs()).map_err(|error| message(&error))
    };
    let cases = [
        ("guestbook", SourceType::Directory, 2),
        ("kustomize-guestbook", SourceType::Kustomize, 2),
        ("sync-waves", SourceType::Directory, 7),
        ("pre-post-sync", SourceType::Kustomize, 4),
        ("sock-shop", SourceType::Kustomize, 29),
        ("jsonnet-guestbook", SourceType::Directory, 2),
        ("helm-hooks", SourceType::Directory, 5),
        ("helm-guestbook", SourceType::Helm, 2),
    ];
    for (path, source_type, count) in cases {
        let rendered = render(path, &|_| {}).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(rendered.source_type, source_type, "{path}");
        assert_eq!(rendered.objects.len(), count, "{path}");
        assert!(!rendered.reads.is_empty());
    }
    let variables = |source: &mut gitops_core::api::ApplicationSource| {
        let directory = serde_json::json!({"jsonnet": {"tlas": [
            {"name": "name", "value": "guestbook"},
            {"name": "replicas", "value": "2", "code": true},
        ]}});
        source.directory = serde_json::from_value(directory).unwrap();
    };
    let rendered = render("jsonnet-guestbook-tla", &variables).unwrap();
    assert_eq!(rendered.objects.len(), 2);
}

#[test]
fn the_examples_render() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let tree = tree_of(&root);
    let cases = [
        ("web-app/manifests", 3),
        ("tutorial/apps/web-app", 2),
        ("tutorial/apps/shop/overlays/staging", 2),
        ("tutorial/apps/shop/overlays/production", 2),
    ];
    for (path, at_least) in cases {
        let rendered = render_with(tree.clone(), &source(path), &inputs());
        let rendered = rendered.unwrap_or_else(|error| panic!("{path}: {}", message(&error)));
        assert!(rendered.objects.len() >= at_least, "{path}");
        if std::env::var("RENDER_CASES").is_ok() {
            println!("{}", crate::support::text(&rendered));
        }
    }
}
