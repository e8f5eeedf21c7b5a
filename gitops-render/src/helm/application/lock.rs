//! `Chart.lock`: the versions of charts in a chart that were found once, and whether it is still about what `Chart.yaml`
//! asks for (Helm 3.22, `resolver.HashReq`).

use gitops_core::Digest;
use serde::Serialize;
use serde_json::{Value, json};

use super::dependencies::Requirement;
use crate::helm::metadata::{Dependency, Metadata};
use crate::helm::{HelmError, yaml};

/// What the lock file of a chart says its dependencies are.
///
/// # Errors
/// Where it cannot be read, or was written for other dependencies than the chart has.
pub(super) fn read(metadata: &Metadata, name: &str, text: &[u8]) -> Result<Vec<Requirement>, HelmError> {
    let lock = yaml::read(text).map_err(|error| HelmError::Chart(format!("cannot load {name}: {error}")))?;
    let field = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let entries = lock.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let requirement = |entry| Requirement {
        name: field(entry, "name"),
        version: field(entry, "version"),
        repository: field(entry, "repository"),
    };
    let locked: Vec<Requirement> = entries.map(requirement).collect();
    let digest = field(&lock, "digest");
    let asked: Vec<Entry<'_>> = metadata.dependencies.iter().map(Entry::of).collect();
    let found: Vec<Entry<'_>> = locked.iter().map(Entry::locked).collect();
    let first_version = metadata.api_version == "v1";
    let second = || first_version && digest == digest_of(&Second { dependencies: &asked });
    if digest == digest_of(&(&asked, &found)) || second() {
        return Ok(locked);
    }
    let of = if first_version { "requirements.yaml" } else { "Chart.yaml" };
    Err(HelmError::Chart(format!(
        "the lock file ({name}) is out of sync with the dependencies file ({of}). Please update the dependencies"
    )))
}

/// The text of a lock file for a chart's dependencies at these versions; `time` is when, as RFC 3339 writes it.
pub fn text(metadata: &Metadata, found: &[Requirement], time: &str) -> String {
    let asked: Vec<Entry<'_>> = metadata.dependencies.iter().map(Entry::of).collect();
    let locked: Vec<Entry<'_>> = found.iter().map(Entry::locked).collect();
    let dependencies: Vec<Value> = found
        .iter()
        .map(|one| json!({"name": one.name, "repository": one.repository, "version": one.version}))
        .collect();
    let digest = digest_of(&(&asked, &locked));
    gitops_yaml::write(&json!({"dependencies": dependencies, "digest": digest, "generated": time}))
}

/// What Helm 2 made the digest of.
#[derive(Serialize)]
struct Second<'d> {
    dependencies: &'d [Entry<'d>],
}

/// A dependency with the fields that Go writes, in their order.
#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Entry<'d> {
    name: &'d str,
    #[serde(skip_serializing_if = "str::is_empty")]
    version: &'d str,
    repository: &'d str,
    #[serde(skip_serializing_if = "str::is_empty")]
    condition: &'d str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'d [String],
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    import_values: &'d [Value],
    #[serde(skip_serializing_if = "str::is_empty")]
    alias: &'d str,
}

impl<'d> Entry<'d> {
    fn of(dependency: &'d Dependency) -> Self {
        Self {
            name: &dependency.name,
            version: &dependency.version,
            repository: &dependency.repository,
            condition: &dependency.condition,
            tags: &dependency.tags,
            import_values: &dependency.import_values,
            alias: &dependency.alias,
        }
    }

    fn locked(locked: &'d Requirement) -> Self {
        let Requirement { name, version, repository } = locked;
        Self { name, version, repository, ..Self::default() }
    }
}

fn digest_of(content: &impl Serialize) -> String {
    // Texts and lists of texts can be written always.
    let text = serde_json::to_string(content).unwrap_or_default();
    // Go escapes what could end a script in a page.
    let escapes =
        [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    let text = escapes.iter().fold(text, |text, (letter, escape)| text.replace(*letter, escape));
    Digest::of(text.as_bytes()).as_str().to_owned()
}
