//! Parameters of a request.

use std::collections::BTreeMap;

/// The parameters in a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn read(query: &str) -> Self {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(key, value)| (decode(key, true), decode(value, true))).collect())
    }

    /// A parameter; empty where it is absent.
    pub(super) fn text(&self, key: &str) -> &str {
        self.0.get(key).map(String::as_str).unwrap_or_default()
    }

    /// Whether a parameter is `true` or `1`.
    pub(super) fn is_true(&self, key: &str) -> bool {
        matches!(self.text(key), "true" | "1" | "True")
    }
}

/// Decodes `%41`, and `+` where the text is of a query.
pub(super) fn decode(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if plus => out.push(b' '),
            b'%' => {
                let mut ahead = bytes.clone();
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        out.push((high * 16 + low) as u8);
                        bytes = ahead;
                    }
                    _ => out.push(b'%'),
                }
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let parameters = Parameters::read("labelSelector=a%3Db%2Cc+in+%28d%29&watch=1&x&y=%zz%4");
        assert_eq!(parameters.text("labelSelector"), "a=b,c in (d)");
        assert!(parameters.is_true("watch"));
        assert_eq!((parameters.text("x"), parameters.text("y"), parameters.text("z")), ("", "%zz%4", ""));
    }
}
