//! sprig's URLs, as Go's `net/url` takes them apart and puts them together.

use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::url::{Url, UserInfo};
use crate::value::{Map, Text, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "urlParse", signature: Signature::of(&[Parameter::Text]), call: parse },
    Function { name: "urlJoin", signature: Signature::of(&[Parameter::Map]), call: join },
];

fn parse(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let url = Url::parse(&arguments.text(0)).map_err(|error| Failure::new(format!("unable to parse url: {error}")))?;
    let user = url.user.as_ref().map(UserInfo::to_bytes).unwrap_or_default();
    let hostname = url.hostname().to_vec();
    let parts = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", user),
    ];
    let parts = parts.into_iter().map(|(name, part)| (Text::from(name), Value::text(part)));
    Ok(Value::Map(parts.collect::<Map>()))
}

fn join(_: &mut Render<'_>, arguments: &[Value]) -> Result<Value, Failure> {
    let map = arguments.map(0);
    let part = |name: &str| match map.get(name.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Text(text)) => Ok(text.to_vec()),
        Some(Value::Nil) => Err(Failure::new(super::items::NIL_DEREFERENCE)),
        Some(other) => {
            let kind = other.kind_name();
            Err(Failure::new(format!("unable to parse {name} key, must be of type string, but {kind} found")))
        }
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        ..Url::default()
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let around = [b"proto://", user.as_slice(), b"@host"].concat();
        let parsed =
            Url::parse(&around).map_err(|error| Failure::new(format!("unable to parse userinfo in dict: {error}")))?;
        url.user = parsed.user;
    }
    Ok(Value::text(url.to_bytes()))
}
