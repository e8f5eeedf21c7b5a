use crate::error::KeyError;
use crate::found::Found;
use crate::openpgp::{self, Key};
use crate::ssh::{self, Signers};

/// Bytes of a signature's text. The largest that there are have a few thousand.
const MAX_SIGNATURE: usize = 64 << 10;

/// Public keys whose signatures are known. An empty one knows none.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    openpgp: Vec<Key>,
    ssh: Signers,
}

impl Keyring {
    /// Adds the OpenPGP keys of a text in ASCII armour.
    ///
    /// # Errors
    /// Where there is none that can be used. Nothing is added then.
    pub fn add_openpgp(&mut self, armoured: &str) -> Result<(), KeyError> {
        self.openpgp.append(&mut openpgp::keys(armoured)?);
        Ok(())
    }

    /// Adds signers in the form of OpenSSH's ALLOWED SIGNERS (`ssh-keygen(1)`): principals, options, key. Principals are not
    /// looked at, times without a `Z` are of UTC too, and authorities (`cert-authority`) are not supported.
    ///
    /// # Errors
    /// One for each line that cannot be used; the others are added.
    pub fn add_allowed_signers(&mut self, text: &str) -> Vec<KeyError> {
        self.ssh.allow(text)
    }

    /// Adds SSH keys that sign nothing any more, one a line as in a `.pub` file.
    ///
    /// # Errors
    /// One for each line that cannot be used; the others are added.
    pub fn add_revoked_signers(&mut self, text: &str) -> Vec<KeyError> {
        self.ssh.revoke(text)
    }

    /// What became of a signature over these bytes.
    pub fn check(&self, signature: &str, payload: &[u8]) -> Found {
        let text = signature.trim();
        if text.len() > MAX_SIGNATURE {
            return Found::bad("");
        }
        if text.starts_with("-----BEGIN SSH SIGNATURE-----") {
            return ssh::check(&self.ssh, text, payload);
        }
        if text.starts_with("-----BEGIN PGP SIGNATURE-----") {
            return openpgp::check(&self.openpgp, text, payload);
        }
        Found::no_key("")
    }
}
