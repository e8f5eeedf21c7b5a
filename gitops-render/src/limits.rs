/// How much a render may read and make. Whatever a repository can make large has a limit here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one file. 10 MiB.
    pub file_bytes: u64,
    /// Bytes of all files that are read. 256 MiB.
    pub total_bytes: u64,
    /// Files that are read. 50,000.
    pub files: usize,
    /// Objects that are made. 200,000.
    pub objects: usize,
    /// Directories below a source's directory, and kustomizations below a kustomization. 64.
    pub depth: usize,
    /// Values of one file after its YAML aliases are followed. 5,000,000.
    pub yaml_nodes: usize,
    /// Nesting inside one file. 100.
    pub yaml_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 10 << 20,
            total_bytes: 256 << 20,
            files: 50_000,
            objects: 200_000,
            depth: 64,
            yaml_nodes: 5_000_000,
            yaml_depth: 100,
        }
    }
}
