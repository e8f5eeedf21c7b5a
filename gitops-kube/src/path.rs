//! Addresses of objects and lists below an API server's root.

use form_urlencoded::byte_serialize;
use gitops_core::cluster::{ApiResource, ClusterError, ErrorKind, Subresource};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stays as it is in one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b':');

/// An address with its query.
#[derive(Debug)]
pub(crate) struct Address {
    path: String,
    query: String,
}

impl Address {
    /// All objects of a kind, in a namespace or everywhere.
    pub(crate) fn of_all(resource: &ApiResource, namespace: Option<&str>) -> Self {
        let root = if resource.gvk.group.is_empty() { "/api" } else { "/apis" };
        let mut address = Self::at(format!("{root}/{}", resource.gvk.api_version()));
        if let Some(namespace) = namespace.filter(|_| resource.namespaced) {
            address = address.below("namespaces").below(namespace);
        }
        address.below(&resource.plural)
    }

    /// One object.
    pub(crate) fn of_one(resource: &ApiResource, namespace: Option<&str>, name: &str) -> Result<Self, ClusterError> {
        // Without a name the address would be that of all of them.
        if name.is_empty() || name == "." || name == ".." {
            return Err(ClusterError::new(ErrorKind::BadRequest, format!("`{name}` is no name of an object")));
        }
        if resource.namespaced && namespace.is_none() {
            let message = format!("{} `{name}` needs a namespace", resource.gvk.kind);
            return Err(ClusterError::new(ErrorKind::BadRequest, message));
        }
        Ok(Self::of_all(resource, namespace).below(name))
    }

    /// A path of the server's own.
    pub(crate) fn at(path: impl Into<String>) -> Self {
        Self { path: path.into(), query: String::new() }
    }

    pub(crate) fn part(self, part: Option<Subresource>) -> Self {
        match part {
            None => self,
            Some(Subresource::Status) => self.below("status"),
            Some(Subresource::Scale) => self.below("scale"),
        }
    }

    fn below(mut self, segment: &str) -> Self {
        self.path.push('/');
        self.path.extend(utf8_percent_encode(segment, SEGMENT));
        self
    }

    pub(crate) fn ask(mut self, key: &str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(key);
        self.query.push('=');
        self.query.extend(byte_serialize(value.as_bytes()));
        self
    }

    pub(crate) fn ask_if(self, holds: bool, key: &str, value: &str) -> Self {
        if holds { self.ask(key, value) } else { self }
    }

    pub(crate) fn finish(self) -> String {
        self.path + &self.query
    }
}

#[cfg(test)]
mod tests {
    use gitops_core::GroupVersionKind;

    use super::*;

    fn deployments() -> ApiResource {
        ApiResource {
            gvk: GroupVersionKind::from_api_version("apps/v1", "Deployment"),
            plural: "deployments".into(),
            namespaced: true,
            subresources: Vec::new(),
        }
    }

    #[test]
    fn names_cannot_leave_their_segment() {
        let address = |name| Address::of_one(&deployments(), Some("shop"), name).map(Address::finish);
        assert_eq!(address("web").unwrap(), "/apis/apps/v1/namespaces/shop/deployments/web");
        assert_eq!(address("a/b?c").unwrap(), "/apis/apps/v1/namespaces/shop/deployments/a%2Fb%3Fc");
        for name in ["", ".", ".."] {
            assert_eq!(address(name).unwrap_err().kind, ErrorKind::BadRequest);
        }
        assert!(Address::of_one(&deployments(), None, "web").is_err());
    }

    #[test]
    fn questions_are_encoded() {
        let address = Address::of_all(&deployments(), None).ask("labelSelector", "a=b,c=d").ask_if(false, "x", "y");
        assert_eq!(address.finish(), "/apis/apps/v1/deployments?labelSelector=a%3Db%2Cc%3Dd");
    }
}
