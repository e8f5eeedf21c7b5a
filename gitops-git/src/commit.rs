use std::fmt;
use std::str::FromStr;

use gitops_core::Timestamp;
use thiserror::Error;

use crate::failure::Failure;
use crate::revision::ResolveError;

/// Bytes of a commit object that is read, its message included.
const MAX_COMMIT_BYTES: u64 = 8 << 20;

/// A commit's id: forty hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub(crate) gix::ObjectId);

impl CommitId {
    /// The first seven digits, for people.
    pub fn short(&self) -> String {
        self.0.to_hex_with_len(7).to_string()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for CommitId {
    type Err = CommitIdError;

    fn from_str(text: &str) -> Result<Self, CommitIdError> {
        let bad = || CommitIdError { text: text.into() };
        if text.len() != 40 {
            return Err(bad());
        }
        gix::ObjectId::from_hex(text.to_ascii_lowercase().as_bytes()).map(Self).map_err(|_| bad())
    }
}

/// Why a text is no commit id.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no commit id, expected 40 hexadecimal digits")]
pub struct CommitIdError {
    text: String,
}

/// Who made something.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// The name, which may be empty.
    pub name: String,
    /// The address, which may be empty.
    pub email: String,
}

impl Person {
    /// A person by name and address.
    pub fn new(name: impl Into<String>, email: impl Into<String>) -> Self {
        Self { name: name.into(), email: email.into() }
    }
}

impl fmt::Display for Person {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} <{}>", self.name, self.email)
    }
}

/// A commit: who made it, when, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// The commits that it follows; several for a merge, none for the first.
    pub parents: Vec<CommitId>,
    /// Who wrote the change.
    pub author: Person,
    /// When the change was written, to the second.
    pub author_time: Timestamp,
    /// Who made the commit.
    pub committer: Person,
    /// When the commit was made, to the second.
    pub time: Timestamp,
    /// The whole message, without the empty lines around it.
    pub message: String,
    /// The signature, as it stands in the commit (OpenPGP, SSH or X.509, in ASCII armour). It is not verified.
    pub signature: Option<String>,
    /// The ref that led to the commit, such as `refs/heads/main`; none where an id did.
    pub ref_name: Option<String>,
}

impl Commit {
    /// The first line of the message.
    pub fn title(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    /// The exact bytes that were signed and their signature, for who verifies it; none where the commit is not signed.
    pub(crate) fn signed(repository: &gix::Repository, id: CommitId) -> Result<Option<SignedCommit>, ResolveError> {
        Self::read(repository, id)?;
        let commit = repository.find_commit(id.0).map_err(unreadable(id))?;
        let signed = commit.signature().map_err(unreadable(id))?;
        Ok(signed.map(|(signature, data)| SignedCommit {
            signature: signature.to_string(),
            payload: data.to_bstring().into(),
        }))
    }

    pub(crate) fn read(repository: &gix::Repository, id: CommitId) -> Result<Self, ResolveError> {
        let broken = unreadable(id);
        let header = repository.try_find_header(id.0).map_err(&broken)?;
        if let Some(size) = header.map(|header| header.size()).filter(|size| *size > MAX_COMMIT_BYTES) {
            let source = Failure::new(format!("it has {size} bytes, more than the {MAX_COMMIT_BYTES} allowed"));
            return Err(ResolveError::Unreadable { id, source });
        }
        let object = repository
            .try_find_object(id.0)
            .map_err(&broken)?
            .ok_or_else(|| ResolveError::UnknownCommit { id: id.to_string() })?;
        if object.kind != gix::objs::Kind::Commit {
            return Err(ResolveError::NotACommit { revision: id.to_string(), kind: object.kind.to_string() });
        }
        let commit = object.into_commit();
        let author = commit.author().map_err(&broken)?;
        let committer = commit.committer().map_err(&broken)?;
        let moment = |who: gix::actor::SignatureRef<'_>| {
            let seconds = who.time().map_or(0, |time| time.seconds);
            Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
        };
        let signature = commit.signature().ok().flatten().map(|(text, _)| text.to_string());
        Ok(Self {
            id,
            parents: commit.parent_ids().map(|id| CommitId(id.detach())).collect(),
            author_time: moment(author),
            author: person(author),
            time: moment(committer),
            committer: person(committer),
            message: commit.message_raw_sloppy().to_string().trim().to_owned(),
            signature,
            ref_name: None,
        })
    }
}

/// A signature and what it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedCommit {
    /// The signature in ASCII armour, as it stands in the commit or tag: OpenPGP, SSH or X.509 by its first line.
    pub signature: String,
    /// The bytes that were signed: the object without the signature.
    pub payload: Vec<u8>,
}

pub(crate) fn person(who: gix::actor::SignatureRef<'_>) -> Person {
    Person { name: who.name.to_string(), email: who.email.to_string() }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.to_string()
    }
}

pub(crate) fn unreadable(id: CommitId) -> impl Fn(gix::Error) -> ResolveError {
    move |source| ResolveError::Unreadable { id, source: Failure::from(source) }
}
