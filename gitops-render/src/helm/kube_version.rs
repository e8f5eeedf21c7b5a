//! Versions of Kubernetes as `--kube-version` takes them.

/// A version of Kubernetes: in full with its `v`, the first number, the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    full: String,
    major: String,
    minor: String,
}

impl Default for KubeVersion {
    /// The version that Helm 3.22 renders charts for where nothing says another.
    fn default() -> Self {
        Self { full: "v1.37.0".to_owned(), major: "1".to_owned(), minor: "37".to_owned() }
    }
}

impl KubeVersion {
    /// Reads `1.34`, `v1.34.2` or `v1.34.2-eks-1`; what comes after the numbers is left out.
    ///
    /// # Errors
    /// Where there are less than two numbers, in Helm's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let failed = |why: String| Err(format!("invalid kube version '{text}': {why}"));
        let rest = text.trim_start_matches([' ', '\t', '\n', '\x0c', '\r']);
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        let mut numbers = Vec::new();
        for part in rest.split('.') {
            let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            let digits = part.get(..end).filter(|digits| !digits.is_empty());
            numbers.extend(digits);
            if digits.is_none() || end < part.len() {
                break;
            }
        }
        let (major, minor) = match numbers.as_slice() {
            [] => return failed(format!("could not parse {text:?} as version")),
            [_] => return failed(format!("illegal version string {text:?}")),
            [major, minor, ..] => (*major, *minor),
        };
        if major.len() > 1 && major.starts_with('0') {
            return failed(format!("illegal zero-prefixed version component {major:?} in {text:?}"));
        }
        if let Some(large) = numbers.iter().find(|number| number.parse::<u64>().is_err()) {
            return failed(format!("illegal non-numeric version component {large:?} in {text:?}"));
        }
        // Leading zeros of the numbers after the first are dropped.
        let plain = |number: &str| number.parse::<u64>().map(|number| number.to_string()).unwrap_or_default();
        let full = numbers.iter().map(|number| plain(number)).collect::<Vec<_>>().join(".");
        Ok(Self { full: format!("v{full}"), major: plain(major), minor: plain(minor) })
    }

    /// The parts: in full, the first number, the second.
    pub(super) fn parts(&self) -> (&str, &str, &str) {
        (&self.full, &self.major, &self.minor)
    }

    /// In full.
    pub fn as_str(&self) -> &str {
        &self.full
    }
}
