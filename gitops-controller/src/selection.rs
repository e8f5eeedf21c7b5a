//! Which resources a selective sync is of, in Argo CD's words: `GROUP:KIND:NAME`.

use std::fmt;
use std::str::FromStr;

use gitops_core::ObjectId;
use gitops_core::api::SyncOperationResource;
use thiserror::Error;

/// A pattern for resources. `*` stands for any group, kind or name; a leading `!` excludes what matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    excludes: bool,
}

/// Why a text selects nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` does not select resources, expected `GROUP:KIND:NAME` or `GROUP:KIND:NAMESPACE/NAME`")]
pub struct SelectorError(String);

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (excludes, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let parts: Vec<_> = rest.split(':').collect();
        let [group, kind, name] = parts.as_slice() else { return Err(SelectorError(text.into())) };
        let (namespace, name) = name.split_once('/').map_or((None, *name), |(namespace, name)| (Some(namespace), name));
        if kind.is_empty() || name.is_empty() {
            return Err(SelectorError(text.into()));
        }
        let (group, kind, name) = ((*group).to_owned(), (*kind).to_owned(), name.to_owned());
        Ok(Self { group, kind, namespace: namespace.map(Into::into), name, excludes })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let not = if self.excludes { "!" } else { "" };
        write!(out, "{not}{}:{}:{namespace}{}", self.group, self.kind, self.name)
    }
}

impl Selector {
    /// The selector of exactly this resource.
    pub fn of(resource: &SyncOperationResource) -> Self {
        Self {
            group: resource.group.clone().unwrap_or_default(),
            kind: resource.kind.clone(),
            namespace: resource.namespace.clone().filter(|namespace| !namespace.is_empty()),
            name: resource.name.clone(),
            excludes: false,
        }
    }

    pub(crate) fn matches(&self, id: &ObjectId) -> bool {
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let namespace =
            self.namespace.as_deref().is_none_or(|wanted| fits(wanted, id.namespace.as_deref().unwrap_or_default()));
        fits(&self.group, &id.group) && fits(&self.kind, &id.kind) && fits(&self.name, &id.name) && namespace
    }
}

/// The identities that selectors select: those that one names and none excludes. Excluding selectors alone select the rest.
pub fn select<'a>(selectors: &[Selector], all: impl IntoIterator<Item = &'a ObjectId>) -> Vec<ObjectId> {
    let names = selectors.iter().any(|selector| !selector.excludes);
    let chosen = |id: &&ObjectId| {
        let any = |excludes| selectors.iter().any(|selector| selector.excludes == excludes && selector.matches(id));
        (!names || any(false)) && !any(true)
    };
    all.into_iter().filter(chosen).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_select_and_exclude() {
        let ids = [
            ObjectId::new("apps", "Deployment", Some("shop"), "web"),
            ObjectId::new("", "Service", Some("shop"), "web"),
            ObjectId::new("", "Service", Some("other"), "web"),
        ];
        let chosen = |texts: &[&str]| {
            let selectors: Vec<Selector> = texts.iter().map(|text| text.parse().unwrap()).collect();
            select(&selectors, &ids).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&["apps:Deployment:web"]), ["apps/Deployment/shop/web"]);
        assert_eq!(chosen(&[":Service:shop/web"]), ["Service/shop/web"]);
        assert_eq!(chosen(&["!:Service:*"]), ["apps/Deployment/shop/web"]);
        assert!("Service".parse::<Selector>().is_err());
    }
}
