use gitops_merge::schema::Kind;

/// The identity of an object in the store, whatever its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// API group; empty for the core group.
    pub(crate) group: String,
    /// Kind.
    pub(crate) kind: String,
    /// Namespace; empty for objects of the whole cluster.
    pub(crate) namespace: String,
    /// Name.
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    /// The key of an object of this kind; a namespace is left out where the kind has none.
    pub(crate) fn of(kind: &Kind, namespace: &str, name: &str) -> Self {
        Self::new(kind.group(), &kind.kind, if kind.namespaced { namespace } else { "" }, name)
    }
}
