//! OpenSSH's lists of allowed signers and of revoked keys (`ssh-keygen(1)`).

use gitops_core::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use ssh_key::PublicKey;
use ssh_key::public::KeyData;

use super::NAMESPACE;
use crate::error::KeyError;
use crate::found::Validity;

/// Who may sign, and who may not any more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signers {
    allowed: Vec<Signer>,
    revoked: Vec<KeyData>,
}

#[derive(Clone, Debug)]
struct Signer {
    key: KeyData,
    begins: Option<Timestamp>,
    ends: Option<Timestamp>,
}

impl Signers {
    pub(crate) fn allow(&mut self, text: &str) -> Vec<KeyError> {
        let (signers, errors) = lines(text, signer);
        self.allowed.extend(signers.into_iter().flatten());
        errors
    }

    pub(crate) fn revoke(&mut self, text: &str) -> Vec<KeyError> {
        let (mut keys, errors) = lines(text, |line| key(&fields(line)));
        self.revoked.append(&mut keys);
        errors
    }

    /// When a key may sign; nothing where it may not.
    pub(super) fn validity(&self, key: &KeyData) -> Option<Validity> {
        let is_revoked = self.revoked.contains(key);
        let mut entries = self.allowed.iter().filter(|signer| signer.key == *key);
        let entry = entries.next();
        if entry.is_none() && !is_revoked {
            return None;
        }
        let mut validity = Validity { is_revoked, ..Validity::default() };
        // Of several entries for one key, what is the same in all holds, and otherwise the narrower.
        for signer in entry.into_iter().chain(entries) {
            validity.key_begins = validity.key_begins.max(signer.begins);
            validity.key_ends = [validity.key_ends, signer.ends].into_iter().flatten().min();
        }
        Some(validity)
    }
}

/// What every line is that is neither empty nor a comment.
fn lines<T>(text: &str, read: impl Fn(&str) -> Result<T, &'static str>) -> (Vec<T>, Vec<KeyError>) {
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match read(line) {
            Ok(one) => all.push(one),
            Err(why) => errors.push(KeyError::Line { line: index + 1, why }),
        }
    }
    (all, errors)
}

/// A signer; nothing for one who may only sign other things.
fn signer(line: &str) -> Result<Option<Signer>, &'static str> {
    let fields = fields(line);
    let (_, rest) = fields.split_first().ok_or("no principals are there")?;
    let is_type = |field: &String| ["ssh-", "ecdsa-", "sk-"].iter().any(|begin| field.starts_with(begin));
    let (options, rest) = match rest.split_first() {
        Some((first, rest)) if !is_type(first) => (parts(first), rest),
        _ => (Vec::new(), rest),
    };
    let mut signer = Signer { key: key(rest)?, begins: None, ends: None };
    let mut is_meant = true;
    for option in options {
        let (name, value) = option.split_once('=').unwrap_or((option.as_str(), ""));
        match name.to_ascii_lowercase().as_str() {
            "namespaces" => is_meant = value.split(',').any(|pattern| pattern == "*" || pattern == NAMESPACE),
            "valid-after" => signer.begins = Some(moment(value)?),
            "valid-before" => signer.ends = Some(moment(value)?),
            "cert-authority" => return Err("authorities (`cert-authority`) are not supported"),
            _ => return Err("an option is unknown"),
        }
    }
    Ok(is_meant.then_some(signer))
}

fn key(fields: &[String]) -> Result<KeyData, &'static str> {
    let [kind, encoded, ..] = fields else { return Err("no key is there") };
    let key = PublicKey::from_openssh(&format!("{kind} {encoded}"));
    key.map(|key| key.key_data().clone()).map_err(|_| "the key cannot be read")
}

/// Parts between blanks; quotes keep blanks, and stay.
fn split(text: &str, is_end: impl Fn(char) -> bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for character in text.chars() {
        is_quoted ^= character == '"';
        match parts.last_mut() {
            Some(last) if is_quoted || !is_end(character) => last.push(character),
            _ => parts.push(String::new()),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn fields(line: &str) -> Vec<String> {
    split(line, |character| character == ' ' || character == '\t')
}

/// Options between commas, without their quotes.
fn parts(options: &str) -> Vec<String> {
    split(options, |character| character == ',').into_iter().map(|option| option.replace('"', "")).collect()
}

/// A time as `YYYYMMDD` or `YYYYMMDDHHMM` with seconds or without, of UTC.
fn moment(text: &str) -> Result<Timestamp, &'static str> {
    let digits = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    let whole = match digits.len() {
        8 => format!("{digits}000000"),
        12 => format!("{digits}00"),
        _ => digits.to_owned(),
    };
    let time = DateTime::strptime("%Y%m%d%H%M%S", &whole).ok().and_then(|time| time.to_zoned(TimeZone::UTC).ok());
    time.map(|time| time.timestamp()).ok_or("a time is not of the form YYYYMMDD[HHMM[SS]][Z]")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHfLdV6dkrb4v2RIGvW9sHWLrlBGHcYyCdQnxJs5yYxl";

    #[test]
    fn signers_are_read_with_their_options() {
        let mut signers = Signers::default();
        let text = format!(
            "# people\n\na@example.com,b@example.com namespaces=\"git,file\",valid-before=\"20300101\" {KEY} comment here\n"
        );
        assert_eq!(signers.allow(&text), []);
        let validity = signers.validity(&signers.allowed[0].key).unwrap();
        assert_eq!(validity.key_ends.unwrap().to_string(), "2030-01-01T00:00:00Z");
        let none = format!("a@example.com namespaces=\"file\" {KEY}");
        let mut others = Signers::default();
        assert_eq!((others.allow(&none), others.allowed.len()), (vec![], 0));
    }

    #[test]
    fn what_is_not_understood_allows_nobody() {
        let mut signers = Signers::default();
        for line in ["a", "a ssh-ed25519 AAAA", "a b c", "a valid-after=1 ", "a cert-authority", "a verify-required"] {
            let errors = signers.allow(&format!("\n{line} {KEY}"));
            let known = line == "a";
            assert_eq!(errors.is_empty(), known, "{line}: {errors:?}");
        }
        assert_eq!(signers.allowed.len(), 1);
        assert!(signers.allow(&format!("a bad=\"1 2\" {KEY}"))[0].to_string().starts_with("line 1: "));
    }
}
