//! OCI registries (distribution specification 1.1), as far as charts need them.

use bytes::Bytes;
use gitops_core::Digest;
use serde::Deserialize;

use super::{ChartError, Location, MAX_ARCHIVE_BYTES, choose, is_same};
use crate::web::{Ask, Files, Reply};

/// The media type of a manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media types of a packed chart: Helm's, and the one before it.
const ARCHIVES: [&str; 2] = ["application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"];
/// Bytes of a manifest, a token or a page of tags.
const MAX_DOCUMENT_BYTES: u64 = 4 << 20;
/// Pages of tags.
const MAX_PAGES: usize = 200;

#[derive(Deserialize)]
struct Tags {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    media_type: String,
    digest: String,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// A repository of a registry, and who it takes us to be.
struct Registry<'a> {
    files: &'a Files,
    /// `https://HOST/v2/PATH`.
    base: String,
    /// `HOST/PATH`.
    path: String,
    token: Option<String>,
}

pub(super) fn get(files: &Files, repository: &str, name: &str, wanted: &str) -> Result<(Location, Bytes), ChartError> {
    let repository = repository.trim_matches('/');
    let path = if name.is_empty() { repository.to_owned() } else { format!("{repository}/{name}") };
    let malformed =
        || ChartError::Malformed { url: format!("oci://{path}"), message: "expected `oci://HOST/PATH`".into() };
    let (host, rest) = path.split_once('/').ok_or_else(malformed)?;
    let scheme = if files.options.plain_http { "http" } else { "https" };
    let base = format!("{scheme}://{host}/v2/{rest}");
    let mut registry = Registry { files, base, path: path.clone(), token: None };
    let tag = if is_exact(wanted) || is_digest(wanted) { wanted.to_owned() } else { registry.find(wanted)? };
    // A tag has no `+`, which versions do have.
    let url = format!("{}/manifests/{}", registry.base, tag.replace('+', "_"));
    let text = registry.read(&url, MAX_DOCUMENT_BYTES, Some(MANIFEST))?;
    if is_digest(wanted) && !is_same(wanted, &Digest::of(&text)) {
        let (found, expected) = (Digest::of(&text).to_string(), wanted.to_owned());
        return Err(ChartError::Digest { url, found, expected });
    }
    let malformed = |message: String| ChartError::Malformed { url: url.clone(), message };
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| malformed(error.to_string()))?;
    let layer = manifest.layers.iter().find(|layer| ARCHIVES.contains(&layer.media_type.as_str()));
    let layer = layer.ok_or_else(|| malformed("it is not of a chart".into()))?;
    if !is_digest(&layer.digest) {
        return Err(malformed(format!("`{}` is no digest of the kind sha256", layer.digest)));
    }
    let location = Location { url: format!("oci://{path}:{tag}"), version: tag, digest: Some(layer.digest.clone()) };
    if let Some(bytes) = files.stored(&layer.digest).filter(|bytes| is_same(&layer.digest, &Digest::of(bytes))) {
        return Ok((location, bytes));
    }
    let url = format!("{}/blobs/{}", registry.base, layer.digest);
    let bytes = registry.read(&url, MAX_ARCHIVE_BYTES, None)?;
    Ok((location, bytes))
}

/// Whether a text is the digest of a manifest.
fn is_digest(text: &str) -> bool {
    let digits = text.strip_prefix("sha256:").unwrap_or_default();
    digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a text is one version and no range: then the tags need not be asked for.
fn is_exact(wanted: &str) -> bool {
    let number = wanted.strip_prefix('v').unwrap_or(wanted);
    let core = number.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && !wanted.contains([' ', ',', '|'])
}

impl Registry<'_> {
    fn find(&mut self, wanted: &str) -> Result<String, ChartError> {
        let mut found: Vec<String> = Vec::new();
        let mut next = Some(format!("{}/tags/list?n=1000", self.base));
        for _ in 0..MAX_PAGES {
            let Some(url) = next.take() else { break };
            let reply = self.reply(&url, MAX_DOCUMENT_BYTES, None)?;
            let text = reply.bytes.ok_or_else(|| ChartError::NotFound { url: url.clone() })?;
            let page: Tags = serde_json::from_slice(&text)
                .map_err(|error| ChartError::Malformed { url: url.clone(), message: error.to_string() })?;
            found.extend(page.tags.unwrap_or_default());
            next = reply.link.as_deref().and_then(|link| next_page(&url, link));
        }
        let versions: Vec<String> = found.iter().map(|tag| tag.replace('_', "+")).collect();
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        choose(&versions, wanted).map(str::to_owned)
    }

    /// Reads a document.
    fn read(&mut self, url: &str, limit: u64, accept: Option<&'static str>) -> Result<Bytes, ChartError> {
        self.reply(url, limit, accept)?.bytes.ok_or_else(|| ChartError::NotFound { url: url.into() })
    }

    /// Asks; where the registry wants a token, gets one and asks again.
    fn reply(&mut self, url: &str, limit: u64, accept: Option<&'static str>) -> Result<Reply, ChartError> {
        let address = format!("oci://{}", self.path);
        let failed = |source| ChartError::Web { url: url.into(), source };
        let ask = |token: Option<&str>| {
            let mut ask = Ask::new(url, limit);
            ask.accept = accept;
            match token {
                Some(token) => ask.bearer = Some(token.into()),
                None => ask = ask.with_credentials_of(&address),
            }
            self.files.ask_challenged(&ask)
        };
        let reply = ask(self.token.as_deref()).map_err(failed)?;
        let Some(challenge) = reply.challenge.as_deref() else { return Ok(reply) };
        let refused = || failed(self.files.unknown());
        let token = self.token(&Challenge::parse(challenge).ok_or_else(refused)?, &address)?;
        let reply = ask(Some(&token)).map_err(failed)?;
        self.token = Some(token);
        if reply.challenge.is_some() { Err(refused()) } else { Ok(reply) }
    }

    fn token(&self, challenge: &Challenge, address: &str) -> Result<String, ChartError> {
        let malformed = |message: &str| ChartError::Malformed { url: challenge.realm.clone(), message: message.into() };
        let mut url = reqwest::Url::parse(&challenge.realm).map_err(|_| malformed("the address is no URL"))?;
        if url.scheme() != "https" && !self.files.options.plain_http {
            return Err(malformed("tokens are not asked for over an unencrypted connection"));
        }
        for (name, value) in [("service", &challenge.service), ("scope", &challenge.scope)] {
            if let Some(value) = value {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        let ask = Ask::new(url.as_str(), MAX_DOCUMENT_BYTES).with_credentials_of(address);
        let failed = |source| ChartError::Web { url: challenge.realm.clone(), source };
        let text = self.files.ask(&ask).map_err(failed)?;
        let text = text.ok_or_else(|| malformed("the server gives no token"))?;
        let token: Token = serde_json::from_slice(&text).map_err(|_| malformed("the server gives no token"))?;
        token.token.or(token.access_token).ok_or_else(|| malformed("the server gives no token"))
    }
}

/// The next page of a list, which `Link: <…>; rel="next"` names; only on the server that names it.
fn next_page(url: &str, link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\"") || part.contains("rel=next"))?;
    let target = next.split_once('<')?.1.split_once('>')?.0;
    let url = reqwest::Url::parse(url).ok()?;
    let joined = url.join(target).ok()?;
    (joined.origin() == url.origin()).then(|| joined.to_string())
}

/// What a registry asks for: `Bearer realm="…",service="…",scope="…"`.
struct Challenge {
    realm: String,
    service: Option<String>,
    scope: Option<String>,
}

impl Challenge {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut found = std::collections::BTreeMap::new();
        let mut rest = rest.trim();
        while let Some((name, after)) = rest.split_once('=') {
            let (value, tail) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            found.insert(name.trim_matches([',', ' ']).to_ascii_lowercase(), value.to_owned());
            rest = tail;
        }
        let realm = found.remove("realm")?;
        Some(Self { realm, service: found.remove("service"), scope: found.remove("scope") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let challenge =
            Challenge::parse("Bearer realm=\"https://a.example/token\",service=b, scope=\"repository:c:pull,push\"");
        let Challenge { realm, service, scope } = challenge.unwrap();
        assert_eq!(realm, "https://a.example/token");
        assert_eq!((service.as_deref(), scope.as_deref()), (Some("b"), Some("repository:c:pull,push")));
        assert!(Challenge::parse("Basic realm=\"x\"").is_none());
    }

    #[test]
    fn versions_and_ranges_are_told_apart() {
        assert!(["1.2.3", "v1.2.3", "1.2.3-rc.1+build"].into_iter().all(is_exact));
        assert!(!["", "1.2", "^1.2.3", "1.2.x", "1.2.3 || 2.0.0", ">1.2.3"].into_iter().any(is_exact));
    }
}
