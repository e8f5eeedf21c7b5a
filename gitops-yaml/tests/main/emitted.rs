//! Output of kustomize, read and written again, is the same bytes.

use std::fs;
use std::path::{Path, PathBuf};

use gitops_yaml::{Options, Resolver, read_documents, write_documents};

const KUSTOMIZE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/conformance/kustomize");

fn rewritten(text: &str) -> String {
    let documents = read_documents(text.as_bytes(), &Options::new(Resolver::Sigs)).unwrap();
    write_documents(documents.iter().map(|document| &document.value))
}

fn folders(under: &Path) -> Vec<PathBuf> {
    fs::read_dir(under).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn outputs(root: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in folders(&root.join("krusty")).into_iter().filter(|path| path.is_dir()) {
        for path in folders(&folder) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("expected") && name.ends_with(".yaml") {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    for folder in folders(&root.join("real")) {
        let Ok(text) = fs::read_to_string(folder.join("cases.json")) else { continue };
        let cases: serde_json::Value = serde_json::from_str(&text).unwrap();
        let cases = cases.get("cases").unwrap_or(&cases);
        for case in cases.as_array().unwrap() {
            let Some(expected) = case["expected"].as_str() else { continue };
            let path = folder.join(expected);
            let text = if expected.contains('\n') { expected.to_owned() } else { fs::read_to_string(&path).unwrap() };
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn kustomize_output_is_written_as_it_was_read() {
    let root = Path::new(KUSTOMIZE);
    if !root.is_dir() {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the cases are not there");
        println!("skipped: the cases are not there");
        return;
    }
    let outputs = outputs(root);
    let mut failures = Vec::new();
    for (path, text) in &outputs {
        let again = rewritten(text);
        if again != *text {
            let line = again.lines().zip(text.lines()).position(|(left, right)| left != right);
            let line = line.unwrap_or_else(|| again.lines().count().min(text.lines().count()));
            let show = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
            failures.push(format!("{path}:{}: {:?} became {:?}", line + 1, show(text), show(&again)));
        }
    }
    println!("{} of {} outputs came out the same", outputs.len() - failures.len(), outputs.len());
    assert!(!outputs.is_empty());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
