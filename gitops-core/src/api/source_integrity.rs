//! What must hold of a source's origin before it is deployed.

use super::schema::schema;
use super::words::words;

schema! {
    /// What must hold of sources, by type.
    pub struct SourceIntegrity {
        /// Of Git repositories.
        pub git: SourceIntegrityGit => "git",
    }

    /// What must hold of Git repositories.
    pub struct SourceIntegrityGit {
        /// Rules; the first for a repository counts.
        pub policies: Vec<SourceIntegrityGitPolicy> => "policies",
    }

    /// A rule for some repositories.
    pub struct SourceIntegrityGitPolicy {
        /// The repositories.
        pub repos: Vec<SourceIntegrityGitRepository> => "repos",
        /// What must hold of signatures.
        pub gpg: SourceIntegrityGpg => "gpg",
    }

    /// Repositories by their URL.
    pub struct SourceIntegrityGitRepository {
        /// Pattern of the URL; with `!` before, what is left out.
        pub url: String => "url",
    }

    /// What must hold of signatures.
    pub struct SourceIntegrityGpg {
        /// Which commits are looked at.
        pub mode: SourceIntegrityGpgMode => "mode",
        /// Keys that may have signed.
        pub keys: Vec<String> => "keys",
    }
}

words! {
    /// Which commits must be signed.
    pub enum SourceIntegrityGpgMode {
        /// None.
        None = "none",
        /// The one that is deployed, or the tag that names it.
        Head = "head",
        /// All it is made of.
        Strict = "strict",
    }
}
