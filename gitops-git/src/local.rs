//! What a clone on this machine knows beside its commits: how a person names one, the branch at hand, and where it is from.

use gix::bstr::ByteSlice as _;

use crate::commit::{Commit, CommitId};
use crate::open::Repository;
use crate::revision::ResolveError;

impl Repository {
    /// The commit that a person names: as [`Repository::resolve`] does, else by git's own words such as `HEAD~1`,
    /// `main^2` or `v1.0^{commit}` (gitrevisions(7)).
    ///
    /// # Errors
    /// [`ResolveError`], as [`Repository::resolve`] where the text is none of both.
    pub fn rev_parse(&self, text: &str) -> Result<Commit, ResolveError> {
        let unknown = match self.resolve(text) {
            Err(error @ ResolveError::Unknown { .. }) => error,
            resolved => return resolved,
        };
        let local = self.local();
        let Ok(found) = local.rev_parse_single(text) else { return Err(unknown) };
        match found.object().map(|object| object.peel_to_commit()) {
            Ok(Ok(commit)) => Commit::read(&local, CommitId(commit.id)),
            _ => Err(unknown),
        }
    }

    /// The branch that is checked out, such as `main`; none where a commit is.
    pub fn branch(&self) -> Option<String> {
        let name = self.local().head_name().ok().flatten()?;
        Some(name.shorten().to_string())
    }

    /// The address of a remote, such as that of `origin`, as it is configured.
    pub fn remote_address(&self, name: &str) -> Option<String> {
        let local = self.local();
        let url = local.config_snapshot().plumbing().string(format!("remote.{name}.url").as_str())?;
        url.to_str().ok().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use gitops_core::{Timestamp, TreePath};

    use crate::{Change, CommitDetails, Person, RepositoryWriter};

    #[test]
    fn commits_are_named_as_git_names_them() {
        let place = tempfile::tempdir().unwrap();
        let writer = RepositoryWriter::init(place.path(), "main").unwrap();
        let commit = |text: &str| {
            let details = CommitDetails::new(Person::new("Ada", "ada@example.com"), Timestamp::UNIX_EPOCH, text);
            writer.commit(&[Change::write(TreePath::new("a").unwrap(), text.to_owned())], &details).unwrap().id
        };
        let (first, second) = (commit("one"), commit("two"));
        let repository = writer.repository();
        for (text, expected) in [("HEAD", second), ("HEAD~1", first), ("main^", first), ("main", second)] {
            assert_eq!(repository.rev_parse(text).unwrap().id, expected, "{text}");
        }
        assert_eq!(repository.rev_parse(&first.to_string()).unwrap().id, first);
        let error = repository.rev_parse("HEAD~9").unwrap_err();
        assert!(error.to_string().starts_with("`HEAD~9` names no branch"), "{error}");
        assert_eq!(repository.branch().as_deref(), Some("main"));
        assert_eq!(repository.remote_address("origin"), None);
    }
}
