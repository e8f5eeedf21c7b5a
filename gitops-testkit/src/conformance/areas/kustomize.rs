//! Kustomize builds: kustomize's own tests, and the kustomizations of public repositories.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gitops_core::Reveal;
use gitops_core::secret::Purpose;
use gitops_core::tree::TreePath;
use gitops_render::{BuildOutcome, Inputs, Limits, LoadRestrictor, RenderError, Reorder, build};

use super::folder::Folder;
use super::{cases_of, flags, folders, read_json, text_field};
use crate::conformance::{Case, RunError, Verdict, compare};

pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let mut cases = Vec::new();
    for folder in folders(&directory.join("krusty"))? {
        let file = folder.join("case.json");
        let case = read_json(&file)?;
        let id = format!("krusty/{}", folder.file_name().unwrap_or_default().to_string_lossy());
        let build = Build {
            root: Folder::new(folder.join("input")),
            path: text_field(&file, &case, "run")?.into(),
            flags: flags(&case),
            expected: Expected::Text(folder.join("expected.yaml")),
        };
        let reordered = folder.join("expected_reorder_none.yaml");
        cases.push(Case::new("kustomize/krusty", id, move || {
            if !folder.join("expected.yaml").is_file() {
                return build.expecting(Expected::Error).check();
            }
            let verdict = build.check();
            if verdict != Verdict::Passed || !reordered.is_file() {
                return verdict;
            }
            let mut unordered = build.expecting(Expected::Text(reordered));
            unordered.flags.extend(["--reorder".into(), "none".into()]);
            unordered.check()
        }));
    }
    for folder in folders(&directory.join("real"))? {
        let file = folder.join("cases.json");
        let root = Folder::new(folder.join("tree"));
        for case in cases_of(&file, read_json(&file)?)? {
            let build = Build {
                root: Arc::clone(&root),
                path: text_field(&file, &case, "dir")?.into(),
                flags: flags(&case),
                expected: Expected::Text(folder.join(text_field(&file, &case, "expected")?)),
            };
            cases.push(Case::new("kustomize/real", text_field(&file, &case, "id")?, move || build.check()));
        }
    }
    Ok(cases)
}

/// One build and what came of it.
#[derive(Clone)]
struct Build {
    root: Arc<Folder>,
    path: String,
    flags: Vec<String>,
    expected: Expected,
}

#[derive(Clone)]
enum Expected {
    /// These bytes.
    Text(PathBuf),
    /// An error; its words are not compared.
    Error,
}

impl Build {
    /// The same build, for another end.
    fn expecting(&self, expected: Expected) -> Self {
        Self { expected, ..self.clone() }
    }

    fn check(&self) -> Verdict {
        Verdict::from_result(self.compared())
    }

    fn compared(&self) -> Result<(), String> {
        // What the engine lacks must not count as the error that a case expects.
        let inputs = inputs(&self.flags)?;
        let tree = self.root.tree()?;
        let path = TreePath::new(&self.path).map_err(|error| error.to_string())?;
        match (build(tree, &path, &inputs, &Limits::default()), &self.expected) {
            (Ok(BuildOutcome::Needs(needs)), _) => Err(format!("the build asks for {needs:?}")),
            (Ok(BuildOutcome::Done(built)), Expected::Text(path)) => {
                let expected = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                let reveal = Reveal::granted(Purpose::RenderedOutput);
                let values = built.resources.iter().map(|resource| resource.reveal(&reveal));
                compare::texts(&expected, &gitops_yaml::write_documents(values))
            }
            (Ok(BuildOutcome::Done(_)), Expected::Error) => Err("expected an error, found a build".into()),
            (Err(_), Expected::Error) => Ok(()),
            (Err(error), Expected::Text(_)) => Err(with_causes(&error)),
        }
    }
}

/// What the flags of `kustomize build` come to here, or why they cannot be followed.
fn inputs(flags: &[String]) -> Result<Inputs, String> {
    let mut inputs = Inputs::new("app");
    let mut flags = flags.iter().flat_map(|flag| flag.splitn(2, '='));
    while let Some(flag) = flags.next() {
        match flag {
            "--load-restrictor" => {
                inputs.load_restrictor = match flags.next() {
                    Some("LoadRestrictionsNone") => LoadRestrictor::Repository,
                    Some("LoadRestrictionsRootOnly") => LoadRestrictor::RootOnly,
                    other => return Err(format!("`--load-restrictor` cannot be `{}`", other.unwrap_or_default())),
                }
            }
            "--reorder" => {
                inputs.reorder = match flags.next() {
                    Some("none") => Reorder::None,
                    Some("legacy") => Reorder::Legacy,
                    other => return Err(format!("`--reorder` cannot be `{}`", other.unwrap_or_default())),
                }
            }
            "--enable-managedby-label" => inputs.managed_by_label = true,
            other => return Err(format!("the engine has no `{other}`")),
        }
    }
    Ok(inputs)
}

fn with_causes(error: &RenderError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_followed_or_refused() {
        let read = |flags: &[&str]| inputs(&flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>());
        for flags in [&["--load-restrictor", "LoadRestrictionsNone"][..], &["--load-restrictor=LoadRestrictionsNone"]] {
            assert_eq!(read(flags).unwrap().load_restrictor, LoadRestrictor::Repository);
        }
        assert_eq!(read(&["--reorder", "none"]).unwrap().reorder, Reorder::None);
        assert_eq!(read(&["--sort"]).err().as_deref(), Some("the engine has no `--sort`"));
    }
}
