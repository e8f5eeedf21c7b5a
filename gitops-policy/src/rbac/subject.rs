//! Who asks.

use gitops_core::{Map, Value};

/// Who asks for something.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// A name, as it stands in policies.
    Name(&'a str),
    /// What a token says of its bearer, once its signature is verified.
    Claims(&'a Map),
}

/// The name that a token is for: the user that Dex knows at the identity provider, or else its subject.
pub(super) fn user(claims: &Map) -> &str {
    let federated = claims.get("federated_claims").and_then(|federated| federated.get("user_id"));
    let federated = federated.and_then(Value::as_str).filter(|user| !user.is_empty());
    federated.or_else(|| claims.get("sub").and_then(Value::as_str)).unwrap_or_default()
}

/// The groups that a token names under any of these claims.
pub(super) fn groups<'a>(claims: &'a Map, scopes: &'a [String]) -> impl Iterator<Item = &'a str> {
    scopes.iter().filter_map(|scope| claims.get(scope)).flat_map(|value| match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    })
}

/// The project and the role of `proj:PROJECT:ROLE`.
pub(super) fn project_role(subject: &str) -> Option<(&str, &str)> {
    match subject.split(':').collect::<Vec<_>>().as_slice() {
        ["proj", project, role] => Some((project, role)),
        _ => None,
    }
}
