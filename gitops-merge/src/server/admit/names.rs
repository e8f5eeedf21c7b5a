//! Names as Kubernetes allows them (apimachinery's `util/validation`).

use crate::schema::Kind;

const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
                         with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                         validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                           '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
                           'my_value',  or '12345', regex used for validation is \
                           '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                         '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used \
                         for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const OLD_LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
                         alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', \
                         regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
                          'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(text.chars().next())
        && edge(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Why a key of a label or annotation is none. Keys of annotations are compared in lower case.
pub(super) fn qualified(text: &str, lower: bool) -> Option<String> {
    let lowered = text.to_lowercase();
    let text = if lower { lowered.as_str() } else { text };
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    if name.contains('/') {
        return Some(
            "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
             an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
             '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. \
             'example.com/MyName')"
                .to_owned(),
        );
    }
    if prefix == Some("") {
        return Some("prefix part must be non-empty".to_owned());
    }
    if let Some(why) = prefix.and_then(subdomain) {
        return Some(format!("prefix part {why}"));
    }
    if name.is_empty() {
        return Some("name part must be non-empty".to_owned());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 bytes".to_owned());
    }
    (!is_name(name)).then(|| QUALIFIED.to_owned())
}

/// Whether text is a finalizer of a built-in kind: a standard one, or one with a domain.
pub(super) fn is_finalizer(text: &str) -> bool {
    ["orphan", "foregroundDeletion", "kubernetes"].contains(&text) || text.contains('/')
}

/// Why text is no value of a label.
pub(super) fn label_value(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 bytes");
    }
    if text.is_empty() || is_name(text) { None } else { Some(LABEL_VALUE) }
}

/// Why text is no DNS label.
pub(super) fn label(text: &str) -> Option<&'static str> {
    if text.len() > 63 {
        return Some("must be no more than 63 bytes");
    }
    if is_label(text) { None } else { Some(LABEL) }
}

/// Why text is no DNS subdomain.
pub(super) fn subdomain(text: &str) -> Option<&'static str> {
    if text.len() > 253 {
        return Some("must be no more than 253 bytes");
    }
    if text.split('.').all(is_label) { None } else { Some(SUBDOMAIN) }
}

/// Why text is no key of a ConfigMap or Secret.
pub(super) fn config_key(text: &str) -> Option<&'static str> {
    let fits = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match text {
        _ if text.len() > 253 => Some("must be no more than 253 bytes"),
        _ if !fits => Some(CONFIG_KEY),
        "." => Some("must not be '.'"),
        ".." => Some("must not be '..'"),
        _ if text.starts_with("..") => Some("must not start with '..'"),
        _ => None,
    }
}

/// Why text is no name of an object of a kind.
pub(super) fn object(kind: &Kind, text: &str) -> Option<&'static str> {
    let old_label = |text: &str| {
        let fits = is_label(text) && text.starts_with(|c: char| c.is_ascii_lowercase());
        if fits { None } else { Some(OLD_LABEL) }
    };
    match (kind.is_custom(), kind.group(), kind.kind.as_str()) {
        (false, "", "Namespace") => label(text),
        (false, "", "Service") => old_label(text),
        (false, "rbac.authorization.k8s.io", _) => match text {
            "." => Some("may not be '.'"),
            ".." => Some("may not be '..'"),
            _ if text.contains('/') => Some("may not contain '/'"),
            _ if text.contains('%') => Some("may not contain '%'"),
            _ => None,
        },
        _ => subdomain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for good in ["a", "app.kubernetes.io/name", "A_b.c-1"] {
            assert_eq!(qualified(good, false), None, "{good}");
        }
        for bad in ["", "/a", "a/", "a/b/c", "-a", "UPPER.io/a"] {
            assert!(qualified(bad, false).is_some(), "{bad}");
        }
        assert_eq!(label_value(""), None);
        assert!(label_value("a b").is_some());
        assert!(subdomain("a..b").is_some() && subdomain("a.b-c").is_none());
        assert!(config_key("..a").is_some() && config_key(".a").is_none());
        assert!(!is_finalizer("plain") && is_finalizer("e.com/x"));
    }
}
