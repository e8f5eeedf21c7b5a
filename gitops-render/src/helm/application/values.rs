//! The values of an Application's chart: files first, then `values` or `valuesObject`, then parameters.

use gitops_core::api::HelmSource;
use gitops_core::tree::TreePath;
use serde_json::{Map, Value};

use super::value_files::{self, Located};
use crate::helm::ValueSources;
use crate::helm::strvals::Setting;
use crate::render::Context;
use crate::variables::substitute;
use crate::{Place, Problem, RenderError};

/// What the values are called that stand in the Application itself.
const INLINE: &str = "spec.source.helm.values";

/// All values together.
pub(super) fn merged(
    context: &Context<'_>,
    path: &TreePath,
    options: &HelmSource,
) -> Result<Map<String, Value>, RenderError> {
    let mut sources = ValueSources::default();
    let mut lacking = None;
    for located in value_files::all(context, path, options)? {
        match located.read(context) {
            Ok(Some(text)) => sources.files.push((located.to_string(), text.to_vec())),
            // What is missing although it was found lies on the web.
            Ok(None) => return Err(missing(&located)),
            // Every need is asked for before the render ends, so that all are fetched at once.
            Err(RenderError::Elsewhere(need)) => lacking = Some(need),
            Err(error) => return Err(error),
        }
    }
    let inline = match (&options.values_object, &options.values) {
        (Some(object), _) if !object.is_null() => Some(gitops_yaml::write(object)),
        (_, Some(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    sources.files.extend(inline.map(|text| (INLINE.to_owned(), text.into_bytes())));
    for parameter in options.parameters.iter().flatten() {
        let value = substitute(parameter.value.as_deref().unwrap_or_default(), context.source, context.inputs);
        let text = format!("{}={}", parameter.name.as_deref().unwrap_or_default(), escaped(&value));
        let string = parameter.force_string.unwrap_or(false);
        sources.settings.push(if string { Setting::SetString(text) } else { Setting::Set(text) });
    }
    let mut contents = Vec::new();
    for parameter in options.file_parameters.iter().flatten() {
        let located = value_files::locate(context, path, parameter.path.as_deref().unwrap_or_default())?;
        match located.read(context) {
            Ok(Some(text)) => {
                // The text is known already: its number stands for the path, which could have letters that mean something.
                let name = parameter.name.as_deref().unwrap_or_default();
                sources.settings.push(Setting::SetFile(format!("{name}={}", contents.len())));
                contents.push(text);
            }
            Ok(None) => return Err(missing(&located)),
            Err(RenderError::Elsewhere(need)) => lacking = Some(need),
            Err(error) => return Err(error),
        }
    }
    if let Some(need) = lacking {
        return Err(RenderError::Elsewhere(need));
    }
    let mut read = |number: &str| {
        let content = number.parse().ok().and_then(|number: usize| contents.get(number));
        content.map(|text| text.to_vec()).ok_or_else(|| "there is no such file".to_owned())
    };
    Ok(sources.merge(&mut read)?)
}

fn missing(located: &Located) -> RenderError {
    Place::named(located.to_string()).is(Problem::Value("the value file does not exist".into()))
}

/// A value whose commas are part of it, save those that are escaped already and those between braces (Argo CD's
/// `cleanSetParameters`).
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len());
    let mut before = '\0';
    for letter in value.chars() {
        if letter == ',' && before != '\\' {
            out.push('\\');
        }
        out.push(letter);
        before = letter;
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn commas_are_escaped_once_and_not_in_lists() {
        for (value, expected) in [("a,b", "a\\,b"), (",a", "\\,a"), ("a\\,b", "a\\,b"), ("{a,b}", "{a,b}"), ("", "")] {
            assert_eq!(super::escaped(value), expected);
        }
    }
}
