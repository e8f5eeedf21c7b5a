//! Input that is too much or leads nowhere is an error.

use std::sync::Arc;

use gitops_core::tree::{Blob, Entry, MemoryTree, Meta, Tree, TreeError, TreePath};
use gitops_render::{Limits, RenderError, Stop, render};

use crate::support::{inputs, message, render_with, source};

fn error(tree: MemoryTree) -> String {
    message(&render_with(tree, &source("app"), &inputs()).unwrap_err())
}

fn kustomization(text: &str) -> MemoryTree {
    MemoryTree::new().with_file("app/kustomization.yaml", text.to_owned())
}

#[test]
fn paths_cannot_leave_the_repository() {
    let expected = "app/kustomization.yaml:1: resources[0]: `../../x.yaml` leads outside the repository";
    assert_eq!(error(kustomization("resources: [../../x.yaml]")), expected);
    let absolute = error(kustomization("resources:\n- /etc/passwd"));
    assert!(
        absolute.contains("app/kustomization.yaml:2: resources[0]: `/etc/passwd` is an absolute path"),
        "{absolute}"
    );
    let link = kustomization("resources: [link.yaml]").with_link("app/link.yaml", "../../secret");
    assert_eq!(error(link), "app/link.yaml: the symbolic link points outside the repository, to `../../secret`");
    let outside = kustomization("resources: [../x.yaml]").with_file("x.yaml", "a: 1");
    assert!(error(outside).contains("`../x.yaml` is outside of `app`, the kustomization's directory"));
}

#[test]
fn cycles_are_named() {
    let tree = kustomization("resources: [../base]").with_file("base/kustomization.yaml", "resources: [../app]");
    let expected =
        "base/kustomization.yaml:1: resources[0]: the kustomization leads back to itself: app -> base -> app";
    assert_eq!(error(tree), expected);
}

#[test]
fn missing_files_are_named_with_the_nearest() {
    let tree = kustomization("resources:\n- deploymnt.yaml").with_file("app/deployment.yaml", "");
    let expected =
        "app/kustomization.yaml:2: resources[0]: `deploymnt.yaml` does not exist; nearest: `deployment.yaml`";
    assert_eq!(error(tree), expected);
}

#[test]
fn alias_bombs_and_depth_are_refused() {
    let mut bomb = String::from("kind: A\nmetadata:\napiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let items = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let found = error(MemoryTree::new().with_file("app/bomb.yaml", bomb));
    assert!(found.starts_with("app/bomb.yaml:"), "{found}");
    let deep = format!("kind: A\nmetadata:\napiVersion: v1\na: {}", "[".repeat(5000));
    let found = error(MemoryTree::new().with_file("app/deep.yaml", deep));
    assert!(found.starts_with("app/deep.yaml:4"), "{found}");
}

#[test]
fn budgets_hold() {
    let mut limits = Limits::default();
    limits.file_bytes = 10;
    let tree = MemoryTree::new().with_file("app/a.yaml", "a: 1234567890");
    let found = render(Arc::new(tree.clone()), &source("app"), &inputs(), &limits).unwrap_err();
    assert_eq!(message(&found), "app/a.yaml: the file has 13 bytes, more than the 10 allowed");
    limits = Limits::default();
    limits.total_bytes = 20;
    let tree = tree.with_file("app/b.yaml", "a: 1234567890");
    let found = render(Arc::new(tree), &source("app"), &inputs(), &limits).unwrap_err();
    assert_eq!(message(&found), "the source has more than 20 bytes of files");
}

#[test]
fn a_directory_of_many_objects_ends_before_they_are_made() {
    let object = |index: usize| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{index}}}\n");
    let many: String = (0..100).map(object).collect();
    let tree = MemoryTree::new().with_file("app/a.yaml", many.clone()).with_file("app/b.yaml", many.clone());
    let rendered = |limits: &Limits| render(Arc::new(tree.clone()), &source("app"), &inputs(), limits);
    let mut limits = Limits::default();
    limits.directory_bytes = Some(2 * many.len() as u64);
    assert!(rendered(&limits).is_ok());
    limits.directory_bytes = Some(many.len() as u64);
    let words = format!("the source has more than {} bytes of manifests", many.len());
    assert_eq!(message(&rendered(&limits).unwrap_err()), words);
    limits = Limits::default();
    limits.objects = 150;
    assert_eq!(message(&rendered(&limits).unwrap_err()), "the source has more than 150 objects");
    let kustomized = tree.with_file("app/kustomization.yaml", "resources: [a.yaml, b.yaml]");
    let found = render(Arc::new(kustomized), &source("app"), &inputs(), &limits).unwrap_err();
    assert_eq!(message(&found), "the source has more than 150 objects");
}

#[test]
fn a_render_ends_when_it_is_asked_to() {
    /// Asks for the end as soon as a file is read.
    struct Asking(MemoryTree, Stop);
    impl Tree for Asking {
        fn stat(&self, path: &TreePath) -> Result<Option<Meta>, TreeError> {
            self.0.stat(path)
        }
        fn read(&self, path: &TreePath) -> Result<Option<Blob>, TreeError> {
            self.1.ask();
            self.0.read(path)
        }
        fn list(&self, path: &TreePath) -> Result<Option<Vec<Entry>>, TreeError> {
            self.0.list(path)
        }
    }
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    let kustomization = "resources: [a.yaml]";
    let chart = "apiVersion: v2\nname: a\nversion: 1.0.0\n";
    let trees = [
        MemoryTree::new().with_file("app/a.yaml", object),
        MemoryTree::new().with_file("app/a.yaml", object).with_file("app/kustomization.yaml", kustomization),
        MemoryTree::new().with_file("app/Chart.yaml", chart).with_file("app/templates/a.yaml", object),
    ];
    for tree in trees {
        let mut limits = Limits::default();
        assert!(render(Arc::new(tree.clone()), &source("app"), &inputs(), &limits).is_ok());
        limits.stop = Stop::default();
        let tree = Arc::new(Asking(tree, limits.stop.clone()));
        let found = render(tree, &source("app"), &inputs(), &limits).unwrap_err();
        assert!(matches!(found, RenderError::Stopped), "{found}");
    }
}

#[test]
fn strict_refuses_what_is_a_warning_otherwise() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: one}\n";
    let tree = MemoryTree::new().with_file("app/a.yaml", object).with_file("app/b.yaml", object.replace("one", "two"));
    let rendered = render_with(tree.clone(), &source("app"), &inputs()).unwrap();
    assert_eq!(rendered.objects.len(), 1);
    assert_eq!(rendered.objects[0].object.text(&["data", "x"]), Some("two"));
    let warning = "app/b.yaml:1: `ConfigMap/a` is defined a second time and replaces the one at app/a.yaml:1";
    assert_eq!(rendered.warnings[0].to_string(), warning);
    let mut strict = inputs();
    strict.strict = true;
    let found = message(&render_with(tree, &source("app"), &strict).unwrap_err());
    assert_eq!(found, "app/b.yaml:1: `ConfigMap/a` is defined a second time, first at app/a.yaml:1");
    let twice = MemoryTree::new().with_file("app/a.yaml", format!("{object}kind: Secret\n"));
    assert_eq!(render_with(twice.clone(), &source("app"), &inputs()).unwrap().objects[0].object.kind(), "Secret");
    let found = message(&render_with(twice, &source("app"), &strict).unwrap_err());
    assert!(found.starts_with("app/a.yaml:5: "), "{found}");
}

#[test]
fn secrets_stay_out_of_messages_and_debug_text() {
    let canary = "canary-7f3a";
    let generator = |field: &str| format!("secretGenerator:\n- name: a\n  {field}\n");
    let messages = [
        error(kustomization(&generator(&format!("literals: [{canary}]")))),
        error(
            kustomization(&generator("envs: [secret.env]"))
                .with_file("app/secret.env", format!("a={canary}\na={canary}")),
        ),
        error(kustomization(&format!(
            "{}patches:\n- target: {{kind: Secret}}\n  patch: |-\n    - {{op: test, path: /data/a, value: {canary}}}\n",
            generator("literals: [a=b]"),
        ))),
    ];
    for message in messages {
        assert!(!message.contains(canary), "{message}");
    }
    let tree = kustomization(&generator(&format!("literals: [token={canary}]")));
    let rendered = render_with(tree, &source("app"), &inputs()).unwrap();
    let debug = format!("{rendered:?}");
    assert!(!debug.contains(canary) && !debug.contains("Y2FuYXJ5"), "{debug}");
    let manifest =
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {canary}, a: {canary}x}}\n");
    let rendered = render_with(MemoryTree::new().with_file("app/s.yaml", manifest), &source("app"), &inputs()).unwrap();
    assert_eq!(rendered.warnings.len(), 1);
    assert!(!format!("{rendered:?}").contains(canary));
}

#[test]
fn digests_follow_secrets_and_the_key() {
    let digest = |value: &str, key: u8| {
        let manifest = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {value}}}\n");
        let mut inputs = inputs();
        inputs.digest_key = gitops_core::secret::DigestKey::new([key; 32]);
        let tree = MemoryTree::new().with_file("app/s.yaml", manifest);
        render_with(tree, &source("app"), &inputs).unwrap().digest
    };
    assert_eq!(digest("one", 1), digest("one", 1));
    assert_ne!(digest("one", 1), digest("two", 1));
    assert_ne!(digest("one", 1), digest("one", 2));
}
