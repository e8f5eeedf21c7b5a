//! Charts, small charts on single rules, template vectors and `--set` vectors.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gitops_controller::keys::KeptKeys;
use gitops_core::tree::TreePath;
use gitops_render::Limits;
use gitops_render::helm::strvals::{Setting, apply};
use gitops_render::helm::{
    Chart, ChartFile, KubeVersion, OutputOptions, Release, ValueSources, name_from, parts, render, render_templates,
    write,
};
use gitops_template::{Fixed, Functions};
use regex::Regex;
use serde_json::Value;

use super::folder::Folder;
use super::{cases_of, flags, folders, read_json, read_json_lines, text_field};
use crate::conformance::{Case, RunError, Verdict, compare};

pub(super) fn load(directory: &Path) -> Result<Vec<Case>, RunError> {
    let mut cases = Vec::new();
    for (area, name) in [("helm/charts", "charts"), ("helm/semantics", "semantics")] {
        for folder in folders(&directory.join(name))? {
            let file = folder.join("cases.json");
            let chart = Arc::new(ReadChart::new(folder.join("tree")));
            for case in cases_of(&file, read_json(&file)?)? {
                let id = format!("{area}/{}", text_field(&file, &case, "id")?);
                let run = ChartCase { folder: folder.clone(), chart: Arc::clone(&chart), case };
                cases.push(Case::new(area, id, move || Verdict::from_result(run.check())));
            }
        }
    }
    let engine = directory.join("engine");
    let fixture = Arc::new(ReadChart::new(engine.join("fixture")));
    for case in read_json_lines(&engine.join("vectors.jsonl"))? {
        let id = format!("helm/vectors/{}", text_field(&engine, &case, "id")?);
        let fixture = Arc::clone(&fixture);
        cases.push(Case::new("helm/vectors", id, move || Verdict::from_result(vector(&fixture, &case))));
    }
    for case in read_json_lines(&engine.join("strvals.jsonl"))? {
        let id = format!("helm/strvals/{}", text_field(&engine, &case, "id")?);
        cases.push(Case::new("helm/strvals", id, move || Verdict::from_result(strvals(&case))));
    }
    Ok(cases)
}

/// A chart, read when its first case runs.
struct ReadChart {
    folder: Arc<Folder>,
    chart: OnceLock<Result<Arc<Chart>, String>>,
}

impl ReadChart {
    fn new(folder: PathBuf) -> Self {
        Self { folder: Folder::new(folder), chart: OnceLock::new() }
    }

    fn get(&self) -> Result<Arc<Chart>, String> {
        let read = || {
            let tree = self.folder.tree()?;
            let chart = Chart::read(&*tree, &TreePath::root(), &Limits::default());
            chart.map(Arc::new).map_err(|error| error.to_string())
        };
        self.chart.get_or_init(read).clone()
    }
}

/// The functions are made once.
fn functions() -> &'static Functions {
    static FUNCTIONS: OnceLock<Functions> = OnceLock::new();
    FUNCTIONS.get_or_init(Functions::helm)
}

fn host() -> Fixed {
    static KEYS: OnceLock<Arc<KeptKeys>> = OnceLock::new();
    let keys = KEYS.get_or_init(Arc::default);
    Fixed::new(1_700_000_000, 1).with_keys(Arc::new(keys.of("", None)))
}

/// `helm template rel tree --namespace ns`, run in the case's folder.
struct ChartCase {
    folder: PathBuf,
    chart: Arc<ReadChart>,
    case: Value,
}

impl ChartCase {
    fn check(&self) -> Result<(), String> {
        let actual = self.template();
        let text = |field: &str| self.case.get(field).and_then(Value::as_str);
        match (actual, text("expected"), text("expected_error")) {
            (Ok(actual), Some(expected), _) => {
                let path = self.folder.join(expected);
                let expected =
                    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                compare::texts(&self.masked(&expected), &self.masked(&actual))
            }
            (Err(actual), _, Some(expected)) => same_error(expected, &actual),
            (Err(error), _, _) => Err(format!("fails: {error}")),
            (Ok(_), _, _) => Err("an error was expected".to_owned()),
        }
    }

    /// A text without the lines that differ from run to run.
    fn masked(&self, text: &str) -> String {
        let lines = self.case.get("mask_lines").and_then(Value::as_array).into_iter().flatten();
        let masked: Vec<u64> = lines.filter_map(Value::as_u64).collect();
        if masked.is_empty() {
            return text.to_owned();
        }
        let line = |(number, line)| if masked.contains(&number) { "" } else { line };
        let mut out = (1u64..).zip(text.split('\n')).map(line).collect::<Vec<_>>().join("\n");
        out.push('\n');
        out
    }

    fn template(&self) -> Result<String, String> {
        let mut sources = ValueSources::default();
        let mut output = OutputOptions::default();
        let mut name = "rel".to_owned();
        let (mut kube_version, mut api_versions, mut upgrade) = ("1.34.0".to_owned(), Vec::new(), false);
        let (mut files, mut output_directory) = (Vec::new(), None);
        let values = self.case.get("values").and_then(Value::as_array).into_iter().flatten();
        files.extend(values.filter_map(Value::as_str).map(str::to_owned));
        let mut flags = flags(&self.case).into_iter();
        while let Some(flag) = flags.next() {
            let mut value = || flags.next().ok_or_else(|| format!("{flag} has no value"));
            match flag.as_str() {
                "--include-crds" => output.include_crds = true,
                "--skip-tests" => output.skip_tests = true,
                "--no-hooks" => output.no_hooks = true,
                "--is-upgrade" => upgrade = true,
                "--kube-version" => kube_version = value()?,
                "--api-versions" | "-a" => api_versions.extend(value()?.split(',').map(str::to_owned)),
                "--show-only" | "-s" => output.show_only.push(value()?),
                "--name-template" => {
                    let template = value()?;
                    if template.is_empty() {
                        "release-name".clone_into(&mut name);
                    } else {
                        name = name_from(&template, functions(), &host()).map_err(|error| error.to_string())?;
                    }
                }
                "-f" | "--values" => files.push(value()?),
                "--set" => sources.settings.push(Setting::Set(value()?)),
                "--set-string" => sources.settings.push(Setting::SetString(value()?)),
                "--set-json" => sources.settings.push(Setting::SetJson(value()?)),
                "--set-file" => sources.settings.push(Setting::SetFile(value()?)),
                "--set-literal" => sources.settings.push(Setting::SetLiteral(value()?)),
                "--output-dir" => output_directory = Some(value()?),
                other => return Err(format!("the runner doesn't know {other}")),
            }
        }
        let mut read = |path: &str| {
            std::fs::read(self.folder.join(path)).map_err(|_| format!("open {path}: no such file or directory"))
        };
        let version = KubeVersion::parse(&kube_version)?;
        for file in files {
            let text = read(&file)?;
            sources.files.push((file, text));
        }
        let values = sources.merge(&mut read).map_err(|error| error.to_string())?;
        let mut release = Release::new(name, "ns", version);
        release.api_versions = api_versions;
        release.upgrade = upgrade;
        let rendered = render(&self.chart.get()?, &values, &release, functions(), &host());
        let rendered = rendered.map_err(|error| error.to_string())?;
        if let Some(directory) = output_directory {
            let wrote =
                parts(&rendered, &output).iter().map(|part| format!("wrote {directory}/{}\n", part.path)).collect();
            return Ok::<String, String>(wrote).map(|wrote| wrote + "\n");
        }
        write(&rendered, &output).map_err(|error| error.to_string())
    }
}

/// The same words, or else the same template and place, or the same places in values.
fn same_error(expected: &str, actual: &str) -> Result<(), String> {
    let expected = expected.split_once("Error: ").map_or(expected, |(_, words)| words).trim();
    if expected == actual.trim() {
        return Ok(());
    }
    let differ = || Err(format!("expected the error `{expected}`, found `{actual}`"));
    // The order of fields is that of a Go map: any.
    let fields = |text: &str| {
        let mut fields = named(r#"- at '[^']*'|failing loading "[^"]*""#, text);
        fields.sort();
        fields
    };
    if !fields(expected).is_empty() {
        return if fields(expected) == fields(actual) { Ok(()) } else { differ() };
    }
    let place = r"[A-Za-z0-9_.-]+(?:/charts/[A-Za-z0-9_.-]+)*/templates/[^\s:()]+(?::\d+(?::\d+)?)?";
    let places = named(place, expected);
    if !places.is_empty() && places == named(place, actual) { Ok(()) } else { differ() }
}

/// What a text has of a pattern, in order.
fn named(pattern: &str, text: &str) -> Vec<String> {
    let found = Regex::new(pattern).map(|pattern| {
        let found = pattern.find_iter(text).map(|found| found.as_str().to_owned());
        found.collect()
    });
    found.unwrap_or_default()
}

/// One template in the fixture's chart.
fn vector(fixture: &ReadChart, case: &Value) -> Result<(), String> {
    let text = |field: &str| case.get(field).and_then(Value::as_str);
    match (vector_output(fixture, case), text("expected"), text("error")) {
        (Ok(actual), Some(expected), _) => {
            if actual == expected {
                return Ok(());
            }
            Err(format!("expected {expected:?}, found {actual:?}"))
        }
        (Err(actual), _, Some(expected)) => {
            let place = r"c/[A-Za-z0-9_./]+:\d+(?::\d+)?|gotpl:\d+(?::\d+)?|VALUES";
            if expected == actual || named(place, expected) == named(place, &actual) {
                return Ok(());
            }
            Err(format!("expected the error `{expected}`, found `{actual}`"))
        }
        (Err(error), ..) => Err(format!("fails: {error}")),
        (Ok(actual), ..) => Err(format!("an error was expected, found {actual:?}")),
    }
}

fn vector_output(fixture: &ReadChart, case: &Value) -> Result<String, String> {
    let path = "templates/t.yaml";
    let mut chart = Chart::clone(&*fixture.get()?);
    let template = case.get("template").and_then(Value::as_str).unwrap_or_default().to_owned();
    chart.templates.retain(|file| file.name != path);
    chart.templates.push(ChartFile::new(path, template));
    // The vectors were recorded through Helm's library in the way that takes nulls out of default values.
    without_nulls(&mut chart.values);
    let mut sources = ValueSources::default();
    if let Some(values) = case.get("values").and_then(Value::as_str) {
        sources.files.push(("values".to_owned(), values.as_bytes().to_vec()));
    }
    let values = sources.merge(&mut |_| Err("no file".to_owned())).map_err(|error| format!("VALUES: {error}"))?;
    let release = Release::new("rel", "ns", KubeVersion::parse("1.34.0")?);
    let mut rendered = render_templates(&Arc::new(chart), &values, &release, functions(), &host())
        .map_err(|error| error.to_string())?;
    let out = rendered.remove("c/templates/t.yaml").unwrap_or_default();
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn without_nulls(values: &mut serde_json::Map<String, Value>) {
    values.retain(|_, value| !value.is_null());
    values.values_mut().filter_map(Value::as_object_mut).for_each(without_nulls);
}

/// Settings over a base.
fn strvals(case: &Value) -> Result<(), String> {
    let kind = case.get("kind").and_then(Value::as_str).unwrap_or_default();
    let inputs = case.get("input").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut values = case.get("base").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut failure = None;
    for input in inputs {
        let text = input.to_owned();
        let setting = match kind {
            "set" => Setting::Set(text),
            "set-string" => Setting::SetString(text),
            "set-json" => Setting::SetJson(text),
            "set-literal" => Setting::SetLiteral(text),
            _ => Setting::SetFile(text),
        };
        // The reader that the results were recorded with has every file but this one.
        let mut read = |path: &str| match path {
            "missing.txt" => Err(format!("open {path}: no such file or directory")),
            path => Ok(format!("content of {path}").into_bytes()),
        };
        if let Err(error) = apply(&setting, &mut values, &mut read) {
            failure = Some(error.to_string());
            break;
        }
    }
    match (failure, case.get("expected"), case.get("error")) {
        (Some(_), _, Some(_)) => Ok(()),
        (None, Some(expected), _) if same_json(expected, &Value::Object(values.clone())) => Ok(()),
        (failure, expected, error) => {
            Err(format!("expected {expected:?} or {error:?}, found {values:?} {}", failure.unwrap_or_default()))
        }
    }
}

/// Whether two values are one, numbers by what they are worth: JSON doesn't tell whole numbers from floats.
fn same_json(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same_json(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same_json(left, right)))
        }
        (left, right) => left == right,
    }
}
