//! The files that AWS's tools share ("Shared config and credentials files" of its SDKs' reference).

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::variables::file;
use crate::{IdentityError, Variables};

/// What the files say of each profile. It does not print.
#[derive(Default)]
pub(super) struct Profiles(BTreeMap<String, BTreeMap<String, String>>);

impl Profiles {
    /// Reads both files. One that only might be there need not be.
    pub(super) fn read(variables: &Variables) -> Result<Self, IdentityError> {
        let mut profiles = Self::default();
        let files = [("AWS_CONFIG_FILE", "config", true), ("AWS_SHARED_CREDENTIALS_FILE", "credentials", false)];
        for (variable, usual, is_config) in files {
            let home = || Some(PathBuf::from(variables.get("HOME")?).join(".aws").join(usual));
            let path = match variables.get(variable) {
                Some(path) => Some(PathBuf::from(path)),
                None => home().filter(|path| path.is_file()),
            };
            if let Some(path) = path {
                profiles.take(&file(variable, &path)?, is_config);
            }
        }
        Ok(profiles)
    }

    /// What a profile says under a key.
    pub(super) fn value(&self, profile: &str, key: &str) -> Option<String> {
        self.0.get(profile)?.get(key).filter(|value| !value.is_empty()).cloned()
    }

    /// Whether there is such a profile.
    pub(super) fn has(&self, profile: &str) -> bool {
        self.0.contains_key(profile)
    }

    /// Takes in a file; what it says counts before what is there.
    fn take(&mut self, text: &str, is_config: bool) {
        let mut profile = None;
        for line in text.lines() {
            let is_indented = line.starts_with([' ', '\t']);
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(section) = line.strip_prefix('[') {
                let section = section.split(']').next().unwrap_or_default().trim();
                profile = name(section, is_config);
                if let Some(profile) = &profile {
                    self.0.entry(profile.clone()).or_default();
                }
            } else if let (Some(profile), Some((key, value)), false) = (&profile, line.split_once('='), is_indented) {
                // A remark begins after a space.
                let value = [" #", " ;"].iter().fold(value, |value, mark| value.split(mark).next().unwrap_or(value));
                let values = self.0.entry(profile.clone()).or_default();
                values.insert(key.trim().to_lowercase(), value.trim().to_owned());
            }
        }
    }
}

/// The profile that a section is of, where it is one.
fn name(section: &str, is_config: bool) -> Option<String> {
    let named = section.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim);
    match named {
        Some(named) if is_config => Some(named.trim_matches(['"', '\'']).to_owned()),
        None if !is_config || section == "default" => Some(section.to_owned()),
        _ => None,
    }
}

impl fmt::Debug for Profiles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Profiles").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_sections_of_two_files() {
        let mut profiles = Profiles::default();
        let config = "[default]\nregion = eu-west-1 # where\n[profile shop]\nrole_arn=arn:shop\ns3 =\n  region = x\n[sso-session a]\nb=c\n";
        profiles.take(config, true);
        profiles.take(
            "; keys\n[shop]\nAWS_ACCESS_KEY_ID = id\naws_secret_access_key = a=b#c\n[profile x]\nregion = y\n",
            false,
        );
        let value = |profile, key| profiles.value(profile, key);
        assert_eq!(value("default", "region").as_deref(), Some("eu-west-1"));
        assert_eq!((value("shop", "role_arn").as_deref(), value("shop", "region")), (Some("arn:shop"), None));
        assert_eq!(value("shop", "aws_access_key_id").as_deref(), Some("id"));
        assert_eq!(value("shop", "aws_secret_access_key").as_deref(), Some("a=b#c"));
        assert!(!profiles.has("a") && !profiles.has("sso-session a") && !profiles.has("x"));
    }
}
