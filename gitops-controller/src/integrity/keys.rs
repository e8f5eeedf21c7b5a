use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gitops_core::{Object, Value};
use gitops_git::{CommitId, ResolveError, SignedCommit};
use gitops_signatures::{Found, Keyring};

/// Argo CD's ConfigMap of OpenPGP keys: under the last sixteen digits of its fingerprint, each in ASCII armour.
pub const GPG_KEYS: &str = "argocd-gpg-keys-cm";

/// The ConfigMap of SSH keys: OpenSSH's list of allowed signers under `ssh_allowed_signers`, and keys that sign nothing any more,
/// one a line, under `ssh_revoked_keys`. It is this engine's own: Argo CD takes no signatures of SSH.
pub const SSH_SIGNERS: &str = "argocd-ssh-signers-cm";

/// So many commits are remembered with what became of their signatures; then it begins anew.
const REMEMBERED: usize = 50_000;

/// The keys as they were read last.
#[derive(Debug, Default)]
pub(crate) struct KeptRing(Mutex<Option<(Version, Arc<Ring>)>>);

/// Which states of its ConfigMaps a ring is of.
type Version = Vec<Option<(String, String)>>;

/// Keys, and what became of the signatures that were looked at by them.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    keys: Keyring,
    problems: Vec<String>,
    commits: Mutex<HashMap<CommitId, Option<Found>>>,
}

impl KeptRing {
    /// The keys of two ConfigMaps, in the order of [`GPG_KEYS`] and [`SSH_SIGNERS`].
    pub(super) fn of(&self, maps: &[Option<Object>]) -> Arc<Ring> {
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let version = |map: &Object| (text(map.uid()), text(map.resource_version()));
        let versions: Version = maps.iter().map(|map| map.as_ref().map(version)).collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, ring)) = kept.as_ref()
            && *before == versions
        {
            return Arc::clone(ring);
        }
        let ring = Arc::new(Ring::read(maps));
        *kept = Some((versions, Arc::clone(&ring)));
        ring
    }
}

impl Ring {
    fn read(maps: &[Option<Object>]) -> Self {
        let mut ring = Self::default();
        for map in maps.iter().flatten() {
            let data = map.get(&["data"]).and_then(Value::as_object).into_iter().flatten();
            for (name, text) in data.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))) {
                ring.add(map.name(), name, text);
            }
        }
        ring
    }

    fn add(&mut self, map: &str, name: &str, text: &str) {
        let is_id = name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        let errors = match name {
            // Argo CD passes by what has another name.
            _ if map == GPG_KEYS && is_id => self.keys.add_openpgp(text).err().into_iter().collect(),
            "ssh_allowed_signers" if map == SSH_SIGNERS => self.keys.add_allowed_signers(text),
            "ssh_revoked_keys" if map == SSH_SIGNERS => self.keys.add_revoked_signers(text),
            _ => Vec::new(),
        };
        let words = |error| format!("`{name}` in the ConfigMap `{map}`: {error}");
        self.problems.extend(errors.into_iter().map(words));
    }

    /// What of the keys cannot be used.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    pub(super) fn check(&self, signed: &SignedCommit) -> Found {
        self.keys.check(&signed.signature, &signed.payload)
    }

    /// What became of a commit's signature; none where it has none.
    pub(super) fn of_commit(
        &self,
        id: CommitId,
        read: impl FnOnce() -> Result<Option<SignedCommit>, ResolveError>,
    ) -> Result<Option<Found>, ResolveError> {
        let known = || self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(&id) {
            return Ok(found.clone());
        }
        let found = read()?.map(|signed| self.check(&signed));
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(id, found.clone());
        Ok(found)
    }
}
