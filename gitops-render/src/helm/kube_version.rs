//! Versions of Kubernetes as `--kube-version` takes them.

/// A version of Kubernetes: in full with its `v`, the first number, the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeVersion {
    full: String,
    major: String,
    minor: String,
}

impl KubeVersion {
    /// Reads `1.34`, `v1.34.2` or `v1.34.2-eks-1`; what comes after the numbers is left out.
    ///
    /// # Errors
    /// Where there are less than two numbers, in Helm's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed = || format!("invalid kube version '{text}': could not parse {text:?} as version");
        let rest = text.trim_start();
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        let mut numbers = Vec::new();
        for part in rest.split('.') {
            let end = part.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(part.len());
            let Some(number) = part.get(..end).and_then(|digits| digits.parse::<u64>().ok()) else { break };
            if numbers.is_empty() && part.len() > 1 && part.starts_with('0') {
                return Err(malformed());
            }
            numbers.push(number.to_string());
            if end < part.len() {
                break;
            }
        }
        let [major, minor, ..] = numbers.as_slice() else { return Err(malformed()) };
        Ok(Self { full: format!("v{}", numbers.join(".")), major: major.clone(), minor: minor.clone() })
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
