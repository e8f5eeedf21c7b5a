//! A case is a folder: `input/` is a repository, `source.yaml` the Application's source where it is more than the path
//! `app`, and `expected.yaml` the result with its warnings as comments, or `expected_error` the message.

use std::path::Path;

use gitops_core::api::ApplicationSource;

use crate::support::{inputs, message, render_with, source, text, tree_of};

#[test]
fn golden_directories_render_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var("UPDATE_GOLDEN").is_ok();
    let mut failed = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let folder = entry.unwrap().path();
        let found = render_with(tree_of(&folder.join("input")), &source_of(&folder), &inputs());
        let (file, found) = match &found {
            Ok(rendered) => {
                let warnings: Vec<_> = rendered.warnings.iter().map(|warning| format!("# {warning}\n")).collect();
                ("expected.yaml", warnings.concat() + &text(rendered))
            }
            Err(error) => ("expected_error", message(error) + "\n"),
        };
        let expected = std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let equal = parts(&found) == parts(&expected);
        if !equal && update {
            std::fs::write(folder.join(file), found).unwrap();
        } else if !equal {
            failed.push(format!("{}:\n{found}", folder.display()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// The warnings or the message, and the objects: how these are spelled is not rendering's work.
fn parts(text: &str) -> (Vec<&str>, Option<Vec<serde_json::Value>>) {
    let (comments, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    let options = gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs);
    match text.contains("apiVersion:") {
        true => (comments, values(&rest.join("\n"), &options)),
        false => (rest, None),
    }
}

fn values(text: &str, options: &gitops_yaml::Options) -> Option<Vec<serde_json::Value>> {
    let documents = gitops_yaml::read_documents(text.as_bytes(), options).ok()?;
    Some(documents.into_iter().map(|document| document.value).collect())
}

fn source_of(folder: &Path) -> ApplicationSource {
    match std::fs::read(folder.join("source.yaml")) {
        Ok(text) => {
            let value = gitops_yaml::read_one(&text, &gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs)).unwrap();
            let mut source: ApplicationSource = serde_json::from_value(value).unwrap();
            source.path.get_or_insert_with(|| "app".into());
            source
        }
        Err(_) => source("app"),
    }
}
