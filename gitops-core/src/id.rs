use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// An API group and a kind: what an object is, whatever the version it is written in. The core group is `""`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GroupKind {
    /// The API group, `""` for the core group.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub group: SmolStr,
    /// The kind, such as `Deployment`.
    pub kind: SmolStr,
}

impl GroupKind {
    /// A group and a kind.
    pub fn new(group: impl Into<SmolStr>, kind: impl Into<SmolStr>) -> Self {
        Self { group: group.into(), kind: kind.into() }
    }
}

impl fmt::Display for GroupKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() { out.write_str(&self.kind) } else { write!(out, "{}.{}", self.kind, self.group) }
    }
}

/// An API group, version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GroupVersionKind {
    /// The API group, `""` for the core group.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub group: SmolStr,
    /// The version, such as `v1`.
    pub version: SmolStr,
    /// The kind, such as `Deployment`.
    pub kind: SmolStr,
}

impl GroupVersionKind {
    /// A group, version and kind from an `apiVersion` (`apps/v1`, `v1`) and a kind.
    pub fn from_api_version(api_version: &str, kind: impl Into<SmolStr>) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// The `apiVersion` as objects carry it: `apps/v1`, or `v1` for the core group.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The same without the version.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }
}

impl fmt::Display for GroupVersionKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            write!(out, "{}/{}", self.version, self.kind)
        } else {
            write!(out, "{}/{}/{}", self.group, self.version, self.kind)
        }
    }
}

/// Which object: group, kind, namespace and name. The version is left out, since one object can be read in several.
///
/// Its text is Argo CD's resource key with a leading group where there is one: `apps/Deployment/shop/web`,
/// `Namespace/shop`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectId {
    /// The API group, `""` for the core group.
    #[serde(default, skip_serializing_if = "SmolStr::is_empty")]
    pub group: SmolStr,
    /// The kind, such as `Deployment`.
    pub kind: SmolStr,
    /// The namespace; none for objects of the whole cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<SmolStr>,
    /// The name.
    pub name: SmolStr,
}

impl ObjectId {
    /// An identity from its parts; an empty namespace is none.
    pub fn new(
        group: impl Into<SmolStr>,
        kind: impl Into<SmolStr>,
        namespace: Option<&str>,
        name: impl Into<SmolStr>,
    ) -> Self {
        Self {
            group: group.into(),
            kind: kind.into(),
            namespace: namespace.filter(|namespace| !namespace.is_empty()).map(Into::into),
            name: name.into(),
        }
    }

    /// Its group and kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group.clone(), kind: self.kind.clone() }
    }

    /// This identity in a version of its group, as a call to a cluster needs it.
    pub fn at_version(&self, version: impl Into<SmolStr>) -> ObjectRef {
        ObjectRef { version: version.into(), id: self.clone() }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.group.is_empty() {
            write!(out, "{}/", self.group)?;
        }
        write!(out, "{}/", self.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(out, "{namespace}/")?;
        }
        out.write_str(&self.name)
    }
}

/// Which object, and in which version of its group it is read or written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ObjectRef {
    /// The version, such as `v1`.
    pub version: SmolStr,
    /// The identity.
    #[serde(flatten)]
    pub id: ObjectId,
}

impl ObjectRef {
    /// Its group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind { group: self.id.group.clone(), version: self.version.clone(), kind: self.id.kind.clone() }
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(ObjectId::new("apps", "Deployment", Some("shop"), "web").to_string(), "apps/Deployment/shop/web");
        assert_eq!(ObjectId::new("", "Namespace", Some(""), "shop").to_string(), "Namespace/shop");
        assert_eq!(GroupVersionKind::from_api_version("apps/v1", "Deployment").api_version(), "apps/v1");
        assert_eq!(GroupVersionKind::from_api_version("v1", "Pod").to_string(), "v1/Pod");
    }
}
