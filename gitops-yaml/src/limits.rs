/// Budgets on what a text may hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the text.
    pub max_bytes: usize,
    /// Levels of maps and lists inside each other.
    pub max_depth: usize,
    /// Values in all documents together.
    pub max_nodes: usize,
    /// Values that are copied for aliases: once where an alias names their anchor, and once for each alias.
    pub max_alias_expansion: usize,
    /// Bytes of strings and keys in those copies.
    pub max_alias_bytes: usize,
}

impl Default for Limits {
    /// 64 MiB, 200 levels, 10 million values, 1 million values and 64 MiB copied for aliases.
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_depth: 200,
            max_nodes: 10_000_000,
            max_alias_expansion: 1_000_000,
            max_alias_bytes: 64 << 20,
        }
    }
}
