//! `crds`: OpenAPI definitions of custom kinds, of whose fields some hold names, labels and annotations (kustomize v5.8.1,
//! `api/internal/accumulator/loadconfigfromcrds.go`).

use gitops_core::{Map, Value};

use super::{Configuration, FieldSpec, NameReference};
use crate::kustomize::model::Field;

/// Definitions inside each other, and fields in all.
const MAX_DEPTH: usize = 64;
const MAX_FIELDS: usize = 100_000;

/// The fields that a document of definitions by name marks.
///
/// # Errors
/// Where a definition is not a map, or definitions refer to each other without end.
pub(in crate::kustomize) fn configuration(document: &Value) -> Result<Configuration, String> {
    let Value::Object(definitions) = document else {
        return Err("expected definitions by their names".into());
    };
    if let Some((name, _)) = definitions.iter().find(|(_, definition)| !definition.is_object()) {
        return Err(format!("`{name}`: expected a definition with a `Schema`, as kube-openapi writes it"));
    }
    let mut reader = Reader { definitions, found: Configuration::default(), fields: 0 };
    for (name, definition) in definitions {
        let Some(properties) = properties(definition) else { continue };
        if ["kind", "apiVersion", "metadata"].iter().all(|field| properties.contains_key(*field)) {
            let kind = name.rsplit('.').next().unwrap_or_default();
            reader.read(kind, name, &mut Vec::new())?;
        }
    }
    Ok(reader.found)
}

struct Reader<'a> {
    definitions: &'a Map,
    found: Configuration,
    fields: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, kind: &str, name: &str, path: &mut Vec<&'a str>) -> Result<(), String> {
        if path.len() > MAX_DEPTH {
            return Err(format!("`{name}`: definitions refer to each other without end"));
        }
        let definitions = self.definitions;
        let Some(properties) = definitions.get(name).and_then(properties) else { return Ok(()) };
        for (field, property) in properties {
            self.fields += 1;
            if self.fields > MAX_FIELDS {
                return Err(format!("`{name}`: the definitions have more than {MAX_FIELDS} fields"));
            }
            path.push(field);
            self.mark(kind, property, path);
            if let Some(reference) = property.get("$ref").and_then(Value::as_str) {
                self.read(kind, reference, path)?;
            }
            path.pop();
        }
        Ok(())
    }

    fn mark(&mut self, kind: &str, property: &Value, path: &[&str]) {
        let spec = |path: String| FieldSpec::new(&Field { kind: kind.into(), path, ..Field::default() });
        let extension = |name: &str| {
            let map = property.as_object()?;
            map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str())
        };
        let whole = path.join("/");
        if extension("x-kubernetes-annotation").is_some() {
            self.found.common_annotations.push(spec(whole.clone()));
        }
        if extension("x-kubernetes-label-selector").is_some() {
            self.found.common_labels.push(spec(whole.clone()));
        }
        if extension("x-kubernetes-identity").is_some() {
            self.found.name_prefix.push(spec(whole.clone()));
        }
        let target = extension("x-kubernetes-object-ref-api-version").zip(extension("x-kubernetes-object-ref-kind"));
        if let Some((version, target)) = target {
            let key = extension("x-kubernetes-object-ref-name-key").unwrap_or("name");
            let (version, kind) = (version.to_owned(), target.to_owned());
            let fields = vec![spec(format!("{whole}/{key}"))];
            self.found.name_references.push(NameReference { group: String::new(), version, kind, fields });
        }
    }
}

/// The fields of a definition.
fn properties(definition: &Value) -> Option<&Map> {
    let schema = definition.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("schema"))?.1;
    schema.get("properties")?.as_object()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marked_fields_are_found_through_references() {
        let document = json!({
            "github.com/example/pkg/apis/v1.Bee": {"Schema": {"properties": {
                "apiVersion": {}, "kind": {}, "metadata": {}, "spec": {"$ref": "github.com/example/pkg/apis/v1.BeeSpec"},
            }}},
            "github.com/example/pkg/apis/v1.BeeSpec": {"Schema": {"properties": {
                "hive": {"x-kubernetes-object-ref-api-version": "v1", "x-kubernetes-object-ref-kind": "Hive"},
                "labels": {"x-kubernetes-label-selector": ""},
            }}},
        });
        let found = configuration(&document).unwrap();
        assert_eq!(found.common_labels[0].text, "spec/labels");
        assert_eq!(found.name_references[0].fields[0].text, "spec/hive/name");
        assert_eq!(found.name_references[0].kind, "Hive");
    }

    #[test]
    fn endless_and_misshapen_definitions_are_refused() {
        let document = json!({"a.A": {"Schema": {"properties": {
            "apiVersion": {}, "kind": {}, "metadata": {}, "again": {"$ref": "a.A"},
        }}}});
        assert!(configuration(&document).unwrap_err().contains("without end"));
        assert!(configuration(&json!({"apiVersion": "v1"})).unwrap_err().contains("`apiVersion`"));
    }
}
