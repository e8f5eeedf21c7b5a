use gitops_policy::normal_address;

/// The form in which addresses are compared: Argo CD's (`NormalizeGitURL`), without the user that HTTP is spoken as, and without
/// the scheme of registries, which its Secrets leave out.
pub(super) fn compared(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    let plain = address.strip_prefix("oci://").unwrap_or(address);
    let normal = normal_address(plain);
    // Go reads no URL in `host:port/path`.
    let normal = if normal.is_empty() { plain.to_lowercase() } else { normal };
    match normal.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => normal,
    }
}

/// Whether an address begins with a template's, both as they are compared. As in Argo CD a template may end inside a name of the
/// path, but, other than there, never inside a host: that would be somebody else's.
pub(super) fn covers(template: &str, address: &str) -> bool {
    let Some(rest) = address.strip_prefix(template) else { return false };
    let whole_host = template.split_once("://").map_or(template, |(_, after)| after).contains('/');
    let some_host = !template.is_empty() && !template.ends_with("://");
    some_host && (whole_host || rest.is_empty() || rest.starts_with('/'))
}

/// The host of an address, without its port.
pub(super) fn host(address: &str) -> String {
    let compared = compared(address);
    let rest = compared.split_once("://").map_or(compared.as_str(), |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.into(),
        _ => host.into(),
    }
}

/// Whose repository it is: the first part of the path where there are more, in small letters.
pub(super) fn owner(address: &str) -> Option<String> {
    let compared = compared(address);
    let rest = compared.split_once("://").map_or(compared.as_str(), |(_, rest)| rest);
    let (_, path) = rest.split_once('/')?;
    let (owner, name) = path.trim_matches('/').split_once('/')?;
    (!owner.is_empty() && !name.is_empty()).then(|| owner.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        for same in ["https://Host.example/Org/x.git", "https://me@host.example/org/x", "https://host.example/org/x/"] {
            assert_eq!(compared(same), "https://host.example/org/x", "{same}");
        }
        assert_eq!(compared("git@host.example:org/x.git"), compared("ssh://git@host.example/org/x"));
        assert_eq!(compared("oci://127.0.0.1:5000/org"), "127.0.0.1:5000/org");
        assert_ne!(compared("http://host.example/x"), compared("https://host.example/x"));
    }

    #[test]
    fn a_template_ends_at_no_part_of_a_host() {
        for (template, address, covered) in [
            ("https://host.example", "https://host.example/org/x", true),
            ("https://host.example", "https://host.example.evil/org/x", false),
            ("https://host.example", "https://host.example:8443/org/x", false),
            ("https://host.example/org", "https://host.example/organization/x", true),
            ("https://host.example/other", "https://host.example/org/x", false),
            ("git@host.example", "git@host.example/org/x", true),
            ("https://", "https://host.example/x", false),
            ("", "https://host.example/x", false),
        ] {
            assert_eq!(covers(template, address), covered, "{template} {address}");
        }
    }

    #[test]
    fn an_owner_is_before_a_repository() {
        for address in [
            "https://github.com/Team/web.git",
            "https://me@github.com/team/web/",
            "git@github.com:team/web.git",
            "ssh://git@github.com:22/team/web",
            "https://git.example/team/group/web",
        ] {
            assert_eq!(owner(address).as_deref(), Some("team"), "{address}");
        }
        for address in ["https://github.com/web", "https://github.com", "", "web"] {
            assert_eq!(owner(address), None, "{address}");
        }
    }

    #[test]
    fn a_host_has_no_port() {
        for address in ["https://me@host.example:8443/x", "git@host.example:org/x", "oci://host.example:5000/x"] {
            assert_eq!(host(address), "host.example", "{address}");
        }
    }
}
