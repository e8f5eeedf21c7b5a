//! `images`.

use gitops_core::Value;
use regex::Regex;

use super::field_spec::{Create, FieldSpec};
use super::model::Image;
use super::read::Spot;
use super::resources::Resources;
use crate::{Problem, RenderError};

/// Gives the images of a name another name, tag or digest: in every list called `containers` or `initContainers`, and in
/// the configured fields. Definitions of custom resources are left alone.
pub(super) fn set(
    resources: &mut Resources,
    image: &Image,
    fields: &[FieldSpec],
    place: &Spot<'_>,
) -> Result<(), RenderError> {
    // kustomize puts the name into its pattern as it is; one that is no pattern matches nothing.
    let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
    let Ok(pattern) = Regex::new(&pattern) else { return Ok(()) };
    let mut write = |value: &mut Value| match value {
        Value::Array(_) | Value::Object(_) => Err("expected a text".into()),
        Value::String(text) => {
            if pattern.is_match(text) {
                *text = changed(text, image);
            }
            Ok(())
        }
        _ => Ok(()),
    };
    let failed = |error| place.is(Problem::Value(error));
    for resource in resources.iter_mut().filter(|resource| resource.kind() != "CustomResourceDefinition") {
        walk(&mut resource.value, &mut write).map_err(failed)?;
        for field in fields {
            field.change(resource, Create::Never, &mut write).map_err(failed)?;
        }
    }
    Ok(())
}

fn walk(value: &mut Value, write: &mut dyn FnMut(&mut Value) -> Result<(), String>) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| walk(item, write)),
        Value::Object(map) => {
            for (key, field) in map.iter_mut() {
                walk(field, write)?;
                if key != "containers" && key != "initContainers" {
                    continue;
                }
                for container in field.as_array_mut().into_iter().flatten() {
                    if let Some(image) = container.get_mut("image") {
                        write(image)?;
                    }
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn changed(text: &str, image: &Image) -> String {
    let (name, mut tag, mut digest) = split(text);
    let mut result = if image.new_name.is_empty() { name.to_owned() } else { image.new_name.clone() };
    let suffixed = format!("{tag}{}", image.tag_suffix);
    match (image.new_tag.as_str(), image.digest.as_str()) {
        ("", "") if image.tag_suffix.is_empty() => {}
        ("", "") => (tag, digest) = (&suffixed, ""),
        (new_tag, new_digest) => (tag, digest) = (new_tag, new_digest),
    }
    for (mark, part) in [(':', tag), ('@', digest)] {
        if !part.is_empty() {
            result.push(mark);
            result.push_str(part);
        }
    }
    result
}

/// The name, tag and digest of an image.
pub(super) fn split(text: &str) -> (&str, &str, &str) {
    // A colon before the first slash is the registry's port.
    let start = text.find('/').unwrap_or_default();
    let find = |mark: char| text.get(start..).and_then(|rest| rest.find(mark)).map(|at| at + start);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    match (find(':'), find('@')) {
        (None, None) => (text, "", ""),
        (Some(colon), None) => (part(0, colon), part(colon + 1, text.len()), ""),
        (Some(colon), Some(at)) if colon < at => (part(0, colon), part(colon + 1, at), part(at + 1, text.len())),
        (_, Some(at)) => (part(0, at), "", part(at + 1, text.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_split() {
        assert_eq!(split("nginx"), ("nginx", "", ""));
        assert_eq!(split("host:5000/a/b:1.2"), ("host:5000/a/b", "1.2", ""));
        assert_eq!(split("a/b@sha256:00"), ("a/b", "", "sha256:00"));
        assert_eq!(split("a:1@sha256:00"), ("a", "1", "sha256:00"));
    }

    #[test]
    fn parts_are_replaced() {
        let image = |new_name: &str, new_tag: &str, digest: &str| Image {
            new_name: new_name.into(),
            new_tag: new_tag.into(),
            digest: digest.into(),
            ..Image::default()
        };
        assert_eq!(changed("a:1", &image("", "2", "")), "a:2");
        assert_eq!(changed("a:1@sha256:0", &image("", "2", "")), "a:2");
        assert_eq!(changed("a:1", &image("b", "", "sha256:1")), "b@sha256:1");
        assert_eq!(changed("a:1", &image("b", "", "")), "b:1");
        let suffix = Image { tag_suffix: "-x".into(), ..Image::default() };
        assert_eq!(changed("a:1@sha256:0", &suffix), "a:1-x");
    }
}
