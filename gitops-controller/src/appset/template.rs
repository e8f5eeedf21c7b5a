//! Filling in templates: Go's, or plain `{{name}}` replacements.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use gitops_core::Value as Json;
use gitops_template::{Delimiters, Fixed, Functions, Limits, MissingKey, Options, Render, TemplateSet, Value, parse};

use super::definition::Definition;
use super::error::TemplateError;
use super::functions;
use super::outside::Settings;
use super::parameters::{self, Parameters};

/// What Go's errors call a template here, as Argo CD names it.
const NAME: &str = "base";
/// How often `tpl` may be called in what `tpl` executes.
const NESTED_TEXTS: usize = 3;
/// Templates that are kept after they were read.
const KEPT: usize = 4_096;

/// Fills in the templates of one set.
pub(super) struct Renderer {
    go: Option<Go>,
}

/// Go's templates.
struct Go {
    functions: Functions,
    host: Fixed,
    options: Options,
    read: RefCell<HashMap<String, Rc<TemplateSet>>>,
}

/// What becomes of a parameter that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// What the set's options say.
    AsAsked,
    /// It is an error.
    Error,
}

impl Renderer {
    /// A renderer by the options of a set.
    ///
    /// # Errors
    /// Where an option is unknown.
    pub(super) fn new(set: &Definition, settings: &Settings) -> Result<Self, TemplateError> {
        if !set.go_template {
            return Ok(Self { go: None });
        }
        let mut limits = Limits::default();
        limits.steps = settings.limits.template_steps;
        limits.output = settings.limits.template_bytes;
        limits.texts = NESTED_TEXTS;
        let mut options = Options::default();
        options.limits = limits;
        NAME.clone_into(&mut options.name);
        for option in &set.go_template_options {
            options.missing = match option.as_str() {
                "missingkey=default" | "missingkey=invalid" => MissingKey::Invalid,
                "missingkey=zero" => MissingKey::Zero,
                "missingkey=error" => MissingKey::Error,
                _ => return Err(TemplateError::Option(option.clone())),
            };
        }
        let host = Fixed::new(settings.now, settings.seed);
        Ok(Self { go: Some(Go { functions: functions::all(), host, options, read: RefCell::default() }) })
    }

    /// Whether templates are Go's.
    pub(super) fn is_go(&self) -> bool {
        self.go.is_some()
    }

    /// Fills in a text.
    pub(super) fn text(
        &self,
        template: &str,
        parameters: &Parameters,
        missing: Missing,
    ) -> Result<String, TemplateError> {
        if !template.contains("{{") {
            return Ok(template.to_owned());
        }
        match &self.go {
            Some(go) => go.execute(template, parameters, missing),
            None => replace(template, parameters),
        }
    }

    /// Fills in every text of a value, keys of maps included. Nulls in maps are dropped.
    pub(super) fn value(&self, template: &Json, parameters: &Parameters) -> Result<Json, TemplateError> {
        Ok(match template {
            Json::String(text) => Json::String(self.text(text, parameters, Missing::AsAsked)?),
            Json::Array(items) => {
                Json::Array(items.iter().map(|item| self.value(item, parameters)).collect::<Result<_, _>>()?)
            }
            Json::Object(entries) => {
                let mut filled = serde_json::Map::new();
                for (key, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                    let value = self.value(value, parameters)?;
                    filled.insert(self.text(key, parameters, Missing::AsAsked)?, value);
                }
                Json::Object(filled)
            }
            other => other.clone(),
        })
    }
}

impl Go {
    fn execute(&self, template: &str, parameters: &Parameters, missing: Missing) -> Result<String, TemplateError> {
        let set = self.read(template)?;
        let mut options = self.options.clone();
        if missing == Missing::Error {
            options.missing = MissingKey::Error;
        }
        let data = Value::Map(parameters::copy(parameters));
        let written = Render::new(&set, &self.functions, &self.host, options).execute(NAME.as_bytes(), data);
        written.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|error| {
            let message = error.to_string();
            // Go has no type for this error; Argo CD tells it by these words too.
            let is_missing_key =
                ["map has no entry for key", "can't evaluate field"].iter().any(|words| message.contains(words));
            TemplateError::Execute { template: template.to_owned(), message, is_missing_key }
        })
    }

    fn read(&self, template: &str) -> Result<Rc<TemplateSet>, TemplateError> {
        if let Some(set) = self.read.borrow().get(template) {
            return Ok(Rc::clone(set));
        }
        let templates = parse(NAME, template.to_owned().into(), &self.functions, &Delimiters::default())
            .map_err(|error| TemplateError::Parse { template: template.to_owned(), message: error.to_string() })?;
        let mut set = TemplateSet::new();
        set.add(&templates);
        let set = Rc::new(set);
        let mut read = self.read.borrow_mut();
        if read.len() >= KEPT {
            read.clear();
        }
        read.insert(template.to_owned(), Rc::clone(&set));
        Ok(set)
    }
}

/// Replaces `{{name}}` by the parameter of that name, where it is a text; anything else stays as it is. A template has both
/// brackets on one line somewhere, as Argo CD asks before it calls `fasttemplate`.
fn replace(template: &str, parameters: &Parameters) -> Result<String, TemplateError> {
    let is_template = |line: &str| line.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}"));
    if !template.split('\n').any(is_template) {
        return Ok(template.to_owned());
    }
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let (tag, behind) =
            after.split_once("}}").ok_or_else(|| TemplateError::EndTag { template: template.to_owned() })?;
        let name = tag.trim();
        match parameters.get(name.as_bytes()) {
            Some(Value::Text(text)) if !name.is_empty() => filled.push_str(&text.to_str()),
            _ => filled.extend(["{{", tag, "}}"]),
        }
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}
