//! What projects allow, and the patterns that they say it in.

use gitops_core::ObjectId;
use gitops_core::api::{AppProject, Application};
use gitops_policy::glob::Rule;
use gitops_policy::project::{ClusterAddress, Destination, Destinations, Kinds, SourceVerdict, Sources, validate};
use gitops_policy::rbac::project_policy;
use gitops_policy::window::{Attempt, SyncWindows, Trigger, Window};
use gitops_policy::{ListMode, PatternList, Project};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(super) fn check(case: &Value) -> Result<(), String> {
    let expected = case.get("expected").ok_or("the case expects nothing")?;
    if case.get("pattern").is_some() {
        return super::equal(expected, &json!(is_matched(case)));
    }
    if case.get("patterns").is_some() {
        return super::equal(expected, &json!(is_in_list(case)?));
    }
    let project = Checked::read(case)?;
    for (index, (check, expected)) in super::list(case, "checks").zip(super::list(case, "expected")).enumerate() {
        project.check(check, expected).map_err(|difference| format!("check {index}: {difference}"))?;
    }
    Ok(())
}

fn is_matched(case: &Value) -> bool {
    let (pattern, separators) = (text(case, "pattern"), text(case, "seps"));
    let rule = if flag(case, "neg") { Rule::new(pattern, separators) } else { Rule::plain(pattern, separators) };
    rule.allows(text(case, "value"))
}

fn is_in_list(case: &Value) -> Result<bool, String> {
    let mode = match text(case, "mode") {
        "exact" => ListMode::Exact,
        "glob" => ListMode::Glob,
        "regexp" => ListMode::Regular,
        other => return Err(format!("there is no mode `{other}`")),
    };
    let patterns = super::list(case, "patterns").filter_map(Value::as_str);
    Ok(PatternList::new(mode, patterns).matches(text(case, "value")))
}

/// A project with the clusters that belong to it.
struct Checked {
    written: AppProject,
    project: Project,
    clusters: Vec<ClusterAddress>,
}

impl Checked {
    fn read(case: &Value) -> Result<Self, String> {
        let written: AppProject = typed(case.get("project"))?;
        let cluster =
            |one: &Value| ClusterAddress { server: text(one, "server").into(), name: text(one, "name").into() };
        let clusters = super::list(case, "projectClusters").map(cluster).collect();
        Ok(Self { project: Project::new(written.clone()), written, clusters })
    }

    fn check(&self, check: &Value, expected: &Value) -> Result<(), String> {
        let spec = &self.written.spec;
        let found = match text(check, "op") {
            "source" => json!(Sources::of(spec).verdict(text(check, "repo")) == SourceVerdict::Permitted),
            "destination" => json!(Destinations::of(spec).permits(&self.destination(check))),
            "groupkind" => {
                // The lists for namespaced kinds do not look at the namespace.
                let namespace = flag(check, "namespaced").then_some("any");
                json!(Kinds::of(spec).check(&object(check, namespace)).is_ok())
            }
            "resource" => {
                let object = object(check, Some(text(check, "namespace")));
                json!(self.project.object_violation(&object, &self.destination(check)).is_none())
            }
            "appnamespace" => {
                let mut application = Application::new("web", None);
                application.metadata.namespace = Some(text(check, "appNs").into());
                json!(self.project.namespace_violation(&application, text(check, "ctlNs")).is_none())
            }
            // The words for what is wrong are our own.
            "validate" => return super::equal(&!as_text(expected).is_empty(), &!validate(&self.written).is_empty()),
            "policies" => json!(project_policy(&self.written)),
            "windows" => windows(&self.written, check)?,
            other => return Err(format!("there is no check `{other}`")),
        };
        super::equal(expected, &found)
    }

    fn destination<'a>(&'a self, check: &'a Value) -> Destination<'a> {
        Destination {
            server: text(check, "server"),
            name: text(check, "name"),
            namespace: text(check, "namespace"),
            project_clusters: &self.clusters,
        }
    }
}

fn windows(project: &AppProject, check: &Value) -> Result<Value, String> {
    let name = check.pointer("/app/metadata/name").map_or("", as_text);
    let mut application = Application::new(name, None);
    application.spec.destination = typed(check.pointer("/app/spec/destination"))?;
    let time = |field: &str| {
        let written = check.get(field).and_then(Value::as_str);
        written.map(str::parse::<gitops_core::Timestamp>).transpose().map_err(|error| error.to_string())
    };
    let now = time("time")?.ok_or("the check has no time")?;
    let trigger = if flag(check, "manual") { Trigger::Manual } else { Trigger::Automated };
    let attempt = Attempt { trigger, started: time("started")? };
    let windows = SyncWindows::of(&project.spec).matching(&application);
    let failed = |error: gitops_policy::window::WindowError| error.to_string();
    let positions = |windows: Vec<&Window>| windows.iter().map(|window| window.index).collect::<Vec<_>>();
    Ok(json!({
        "matches": positions(windows.iter().collect()),
        "active": positions(windows.open(now).map_err(failed)?),
        "inactiveAllow": positions(windows.closed_allowing(now).map_err(failed)?),
        "canSync": windows.decide(attempt, now).map_err(failed)?.allowed,
    }))
}

fn object(check: &Value, namespace: Option<&str>) -> ObjectId {
    ObjectId::new(text(check, "group"), text(check, "kind"), namespace, text(check, "resName"))
}

fn typed<T: DeserializeOwned>(value: Option<&Value>) -> Result<T, String> {
    serde_json::from_value(value.cloned().unwrap_or_default()).map_err(|error| error.to_string())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).map_or("", as_text)
}

fn as_text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn flag(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool) == Some(true)
}
