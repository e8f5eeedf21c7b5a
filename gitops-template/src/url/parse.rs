use std::net::Ipv6Addr;

use super::escape::unescape;
use super::{Part, Url, UserInfo};
use crate::quote::quote;

impl Url {
    /// Reads a URL. The error is Go's, which names what was read.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let (before, fragment) = cut(text, b'#').unwrap_or((text, b""));
        let mut url = parse(before).map_err(|error| format!("parse {}: {error}", quote(before)))?;
        url.fragment = unescape(fragment, Part::Fragment).map_err(|error| format!("parse {}: {error}", quote(text)))?;
        Ok(url)
    }

    /// The host without its port, and without the brackets of an IPv6 address.
    pub(crate) fn hostname(&self) -> &[u8] {
        let host = self.host.as_slice();
        let host = match memchr::memrchr(b':', host).and_then(|colon| host.split_at_checked(colon)) {
            Some((host, port)) if is_port(port) => host,
            _ => host,
        };
        host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host)
    }
}

fn cut(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(separator, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

fn parse(text: &[u8]) -> Result<Url, String> {
    if text.iter().any(u8::is_ascii_control) {
        return Err("net/url: invalid control character in URL".to_owned());
    }
    let mut url = Url::default();
    if text == b"*" {
        url.path = text.to_vec();
        return Ok(url);
    }
    let (scheme, rest) = scheme(text)?;
    url.scheme = scheme.to_ascii_lowercase();
    let (rest, query) = cut(rest, b'?').unwrap_or((rest, b""));
    url.query = query.to_vec();
    if !rest.starts_with(b"/") {
        if !url.scheme.is_empty() {
            url.opaque = rest.to_vec();
            return Ok(url);
        }
        let segment = cut(rest, b'/').map_or(rest, |(segment, _)| segment);
        if segment.contains(&b':') {
            return Err("first path segment in URL cannot contain colon".to_owned());
        }
    }
    let mut path = rest;
    if let Some(authority) = rest.strip_prefix(b"//")
        && (!url.scheme.is_empty() || !rest.starts_with(b"///"))
    {
        let end = memchr::memchr(b'/', authority).unwrap_or(authority.len());
        let (authority, after) = authority.split_at(end);
        path = after;
        (url.user, url.host) = read_authority(&url.scheme, authority)?;
    }
    url.path = unescape(path, Part::Path)?;
    Ok(url)
}

/// What stands before the first colon, if that can be a scheme, and what comes behind it.
fn scheme(text: &[u8]) -> Result<(&[u8], &[u8]), String> {
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return Err("missing protocol scheme".to_owned()),
            b':' => return Ok(cut(text, b':').unwrap_or((b"", text))),
            _ => break,
        }
    }
    Ok((b"", text))
}

fn read_authority(scheme: &[u8], authority: &[u8]) -> Result<(Option<UserInfo>, Vec<u8>), String> {
    let Some((user, host)) =
        memchr::memrchr(b'@', authority).and_then(|at| Some((authority.get(..at)?, authority.get(at + 1..)?)))
    else {
        return Ok((None, read_host(scheme, authority)?));
    };
    let host = read_host(scheme, host)?;
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    if !user.iter().all(allowed) {
        return Err("net/url: invalid userinfo".to_owned());
    }
    let user = match cut(user, b':') {
        None => UserInfo { name: unescape(user, Part::User)?, password: None },
        Some((name, password)) => {
            UserInfo { name: unescape(name, Part::User)?, password: Some(unescape(password, Part::User)?) }
        }
    };
    Ok((Some(user), host))
}

/// A colon and digits, or nothing.
fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((colon, digits)) => *colon == b':' && digits.iter().all(u8::is_ascii_digit),
    }
}

fn check_port(port: &[u8]) -> Result<(), String> {
    if is_port(port) { Ok(()) } else { Err(format!("invalid port {} after host", quote(port))) }
}

fn read_host(scheme: &[u8], host: &[u8]) -> Result<Vec<u8>, String> {
    match memchr::memrchr(b'[', host) {
        Some(0) => return literal(host),
        Some(_) => return Err("invalid IP-literal".to_owned()),
        None => {}
    }
    // Lists of hosts with ports are read save for HTTP.
    let strict = matches!(scheme, b"http" | b"https");
    let colon = if strict { memchr::memchr(b':', host) } else { memchr::memrchr(b':', host) };
    if let Some(port) = colon.and_then(|colon| host.get(colon..)) {
        check_port(port)?;
    }
    unescape(host, Part::Host)
}

/// An IPv6 address in brackets.
fn literal(host: &[u8]) -> Result<Vec<u8>, String> {
    let Some((inside, port)) =
        memchr::memrchr(b']', host).and_then(|end| Some((host.get(1..end)?, host.get(end + 1..)?)))
    else {
        return Err("missing ']' in host".to_owned());
    };
    check_port(port)?;
    let port = unescape(port, Part::Host)?;
    let address = match memchr::memmem::find(inside, b"%25") {
        Some(zone) => {
            let (address, zone) = inside.split_at(zone);
            [unescape(address, Part::Host)?, unescape(zone, Part::Zone)?].concat()
        }
        None => unescape(inside, Part::Host)?,
    };
    let text = String::from_utf8_lossy(&address);
    let (number, zone) = text.split_once('%').map_or((&*text, None), |(number, zone)| (number, Some(zone)));
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return Err("invalid IP-literal".to_owned());
    }
    if number.parse::<Ipv6Addr>().is_err() || zone == Some("") {
        return Err(format!("invalid host: ParseAddr({}): unable to parse IP", quote(&address)));
    }
    Ok([b"[".as_slice(), &address, b"]", &port].concat())
}
