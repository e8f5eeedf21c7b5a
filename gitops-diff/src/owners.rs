//! Who owns a field, by the live object's `metadata.managedFields`.

use gitops_core::{Map, Object, Value};

use crate::context::{ARGO_CD_MANAGER, DiffContext};
use crate::path::Step;

/// Whether an entry of `managedFields` is of fields that the next apply takes over: plain writes of the engine itself and of
/// its predecessors, and what Argo CD applied where that is one of them. Client-side apply writes so; to be able to give a
/// field up, an apply has to own it (client-go, `util/csaupgrade`).
pub fn is_taken_over(entry: &Value, manager: &str, predecessors: &[String]) -> bool {
    let text = |key| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let named = |name: &str| predecessors.iter().any(|predecessor| predecessor == name);
    let own = text("manager") == manager || named(text("manager"));
    let applied = text("manager") == ARGO_CD_MANAGER && named(ARGO_CD_MANAGER) && text("operation") == "Apply";
    text("subresource").is_empty() && (own && text("operation") == "Update" || applied)
}

/// The managers whose fields in a live object the next apply takes over, see [`crate::DiffContext::predecessors`].
pub fn taken_over(live: &Object, manager: &str, predecessors: &[String]) -> Vec<String> {
    let entries = live.get(&["metadata", "managedFields"]).and_then(Value::as_array);
    let taken = entries.into_iter().flatten().filter(|entry| is_taken_over(entry, manager, predecessors));
    let mut names: Vec<String> =
        taken.filter_map(|entry| entry.get("manager").and_then(Value::as_str)).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// One entry of `managedFields`, borrowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The field manager's name.
    pub(crate) manager: &'a str,
    /// Whether it is the engine itself, by an apply.
    pub(crate) ours: bool,
    /// Whether it is the engine itself, by an apply or a plain write, or a predecessor whose fields it takes over.
    pub(crate) own: bool,
    /// The fields, as FieldsV1.
    pub(crate) fields: &'a Map,
}

/// The entries of `managedFields`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owners<'a> {
    entries: &'a [Value],
    manager: &'a str,
    predecessors: &'a [String],
}

impl<'a> Owners<'a> {
    pub(crate) fn new(live: &'a Object, context: &DiffContext<'a>) -> Self {
        let entries = live.get(&["metadata", "managedFields"]).and_then(Value::as_array);
        let (manager, predecessors) = (context.manager, context.predecessors);
        Self { entries: entries.map_or(&[], Vec::as_slice), manager, predecessors }
    }

    /// Every entry that can be read.
    pub(crate) fn entries(self) -> impl Iterator<Item = Entry<'a>> {
        self.entries.iter().filter_map(move |entry| {
            let text = |key| entry.get(key).and_then(Value::as_str);
            let manager = text("manager")?;
            let whole = text("subresource").unwrap_or_default().is_empty();
            let ours = whole && manager == self.manager && text("operation") == Some("Apply");
            let fields = entry.get("fieldsV1")?.as_object()?;
            let own = ours || is_taken_over(entry, self.manager, self.predecessors);
            Some(Entry { manager, ours, own, fields })
        })
    }

    /// The managers that own a field or something in it; of one that they own only as part of a bigger value, too.
    pub(crate) fn of(self, steps: &[Step<'_>]) -> Vec<Entry<'a>> {
        self.entries().filter(|entry| owns(entry.fields, steps)).collect()
    }
}

/// How much of a field a manager owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// Something in it.
    Part,
    /// The field itself.
    Itself,
}

/// How much of a field the set has; none where it has nothing of it. All of a map is not its fields: who owns `labels` owns that
/// there are labels.
pub(crate) fn share(fields: &Map, steps: &[Step<'_>]) -> Option<Share> {
    let (fields, depth) = follow(fields, steps);
    let share = if fields.is_empty() || fields.contains_key(".") { Share::Itself } else { Share::Part };
    (depth == steps.len()).then_some(share)
}

/// Whether the set has the field, a part of it, or all of something that it is in.
fn owns(fields: &Map, steps: &[Step<'_>]) -> bool {
    let (fields, depth) = follow(fields, steps);
    depth == steps.len() || depth > 0 && fields.is_empty()
}

/// What the set has at the end of the steps, or as far as it follows them, and how far that is.
fn follow<'f>(mut fields: &'f Map, steps: &[Step<'_>]) -> (&'f Map, usize) {
    for (depth, step) in steps.iter().enumerate() {
        match fields.get(&element(step)).and_then(Value::as_object) {
            Some(below) => fields = below,
            None => return (fields, depth),
        }
    }
    (fields, steps.len())
}

/// A step as a key of FieldsV1.
fn element(step: &Step<'_>) -> String {
    match step {
        Step::Field(name) => format!("f:{name}"),
        Step::Index(index) => format!("i:{index}"),
        Step::Member { value, .. } => format!("v:{}", go_json(value)),
        Step::Item { keys, item, shape, .. } => {
            let mut pairs: Vec<_> = keys
                .iter()
                .filter_map(|key| Some((key, item.get(key).or_else(|| shape.key_default(key))?)))
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), go_json(value)))
                .collect();
            pairs.sort();
            format!("k:{{{}}}", pairs.join(","))
        }
    }
}

/// JSON as Go's encoder writes it, which the API server uses for the keys of FieldsV1 and kubectl for its annotation.
pub(crate) fn go_json(value: &Value) -> String {
    let text = value.to_string();
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text;
    }
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::shape::Shape;

    #[test]
    fn a_part_and_the_field_itself_are_told_apart() {
        let fields =
            json!({"f:spec": {"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {"f:name": {}}}, "f:sel": {}}});
        let fields = fields.as_object().unwrap();
        let keys = ["port".to_owned(), "protocol".to_owned()];
        let item = json!({"port": 80, "protocol": "TCP"});
        let port = Step::Item { index: None, keys: &keys, item: &item, shape: Shape::unknown() };
        assert_eq!(share(fields, &[Step::Field("spec")]), Some(Share::Part));
        assert_eq!(share(fields, &[Step::Field("spec"), Step::Field("ports"), port]), Some(Share::Part));
        let of_port = |name| share(fields, &[Step::Field("spec"), Step::Field("ports"), port, Step::Field(name)]);
        assert_eq!(of_port("name"), Some(Share::Itself));
        assert_eq!(of_port("port"), None);
        let selected = [Step::Field("spec"), Step::Field("sel"), Step::Field("app")];
        assert!(share(fields, &selected).is_none() && owns(fields, &selected));
        assert_eq!(share(fields, &[Step::Field("data")]), None);
    }
}
