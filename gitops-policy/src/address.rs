//! Addresses of repositories in the form in which Argo CD compares them (`NormalizeGitURL`): lower case, without `.git` and
//! `ssh://`, and otherwise as Go's `net/url` writes what it read.

use std::net::Ipv6Addr;

/// The form in which an address is compared; empty where Go's reader of URLs refuses it.
pub fn normal(address: &str) -> String {
    let mut address = address.trim().to_lowercase();
    if is_ssh(&address) && !address.starts_with("ssh://") {
        // What stands before the first colon is the host: `git@host:path`.
        address = format!("ssh://{}", address.replacen(':', "/", 1));
    }
    let plain = address.strip_suffix(".git").unwrap_or(&address);
    let written = rewritten(plain).unwrap_or_default();
    written.strip_prefix("ssh://").map(str::to_owned).unwrap_or(written)
}

/// `user@host…`, with `ssh://` before it or not.
fn is_ssh(address: &str) -> bool {
    let rest = address.strip_prefix("ssh://").unwrap_or(address);
    rest.rsplit_once('@').is_some_and(|(user, host)| !host.is_empty() && !user.contains(['/', ':']))
}

/// What may stand unescaped where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Host,
    Path,
    Fragment,
}

/// Reads a URL and writes it again, as Go does; none where Go refuses it.
fn rewritten(text: &str) -> Option<String> {
    if text.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return None;
    }
    if text == "*" {
        return Some(text.into());
    }
    let (text, fragment) = text.split_once('#').map_or((text, None), |(before, after)| (before, Some(after)));
    let (scheme, rest) = scheme(text)?;
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(before, after)| (before, Some(after)));
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(scheme);
        out.push(':');
    }
    if !scheme.is_empty() && !rest.starts_with('/') {
        out.push_str(rest);
    } else {
        if scheme.is_empty() && rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return None;
        }
        hierarchy(&mut out, scheme, rest)?;
    }
    if let Some(query) = query {
        out.push('?');
        out.push_str(query);
    }
    if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
        out.push('#');
        out.push_str(&written(fragment, Part::Fragment)?);
    }
    Some(out)
}

/// The scheme and the rest; none where a colon begins the text.
fn scheme(text: &str) -> Option<(&str, &str)> {
    for (index, letter) in text.char_indices() {
        match letter {
            'a'..='z' | 'A'..='Z' => {}
            '0'..='9' | '+' | '-' | '.' if index > 0 => {}
            ':' if index > 0 => return Some((&text[..index], &text[index + 1..])),
            ':' => return None,
            _ => break,
        }
    }
    Some(("", text))
}

/// User, host and path.
fn hierarchy(out: &mut String, scheme: &str, rest: &str) -> Option<()> {
    let with_host = rest.strip_prefix("//").filter(|_| !scheme.is_empty() || !rest.starts_with("///"));
    let Some(after) = with_host else {
        out.push_str(&written(rest, Part::Path)?);
        return Some(());
    };
    let (authority, path) = after.find('/').map_or((after, ""), |slash| after.split_at(slash));
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
    if user.is_some() || !host.is_empty() || !path.is_empty() {
        out.push_str("//");
    }
    if let Some(user) = user {
        let valid = |letter: char| letter.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(letter);
        if !user.chars().all(valid) {
            return None;
        }
        let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
        out.push_str(&escaped(&unescaped(name)?, Part::User));
        if let Some(password) = password {
            out.push(':');
            out.push_str(&escaped(&unescaped(password)?, Part::User));
        }
        out.push('@');
    }
    out.push_str(&host_of(host)?);
    out.push_str(&written(path, Part::Path)?);
    Some(())
}

/// The host with its port; one in brackets is an IPv6 address.
fn host_of(host: &str) -> Option<String> {
    let port = match host.strip_prefix('[') {
        Some(inner) => {
            let (address, port) = inner.rsplit_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            port
        }
        None if host.contains(['[', ']']) => return None,
        None => host.rfind(':').map_or("", |colon| &host[colon..]),
    };
    let is_port =
        port.is_empty() || port.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|one| one.is_ascii_digit()));
    let valid = |byte: u8| byte >= 0x80 || !must_escape(byte, Part::Host);
    (is_port && host.bytes().all(valid)).then(|| escaped(host.as_bytes(), Part::Host))
}

/// A part as Go writes it: as it was where that is a valid way to write it, and else escaped anew.
fn written(text: &str, part: Part) -> Option<String> {
    let meant = unescaped(text)?;
    let valid = |byte: u8| match byte {
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@' | b'[' | b']'
        | b'%' => true,
        byte => !must_escape(byte, part),
    };
    Some(if text.bytes().all(valid) { text.to_owned() } else { escaped(&meant, part) })
}

fn must_escape(byte: u8, part: Part) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' if part != Part::Host => match part {
            Part::Path => byte == b'?',
            Part::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
            _ => false,
        },
        b'!' | b'(' | b')' | b'*' if part == Part::Fragment => false,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']' | b'<'
        | b'>' | b'"' => part != Part::Host,
        _ => true,
    }
}

fn escaped(text: &[u8], part: Part) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.iter().copied() {
        if must_escape(byte, part) {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            }
        } else {
            out.push(char::from(byte));
        }
    }
    out
}

/// None where a `%` is not followed by two hexadecimal digits.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|one| char::from(one).to_digit(16));
            let (high, low) = (digit()?, digit()?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}
