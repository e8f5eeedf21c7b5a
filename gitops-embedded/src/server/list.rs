//! Listings.

use gitops_core::Value;
use gitops_merge::schema::Kind;

use super::Server;
use super::selector::Selection;
use crate::failure::Failure;
use crate::store::parse;

/// A part of a listing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// The most objects; all where it is none.
    pub(crate) limit: Option<usize>,
    /// The namespace and name after which it goes on.
    pub(crate) after: Option<(String, String)>,
}

/// Objects at one moment.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The objects.
    pub(crate) objects: Vec<Value>,
    /// The resource version of the moment.
    pub(crate) version: u64,
    /// After which namespace and name there are more.
    pub(crate) more: Option<(String, String)>,
}

/// Objects are read in portions, so that selecting few of many takes little memory.
const PORTION: usize = 1_000;

impl Server<'_> {
    /// The objects of a kind that are selected, in the order of namespace and name.
    pub(crate) fn list(&self, kind: &Kind, selection: &Selection, page: Page) -> Result<Listing, Failure> {
        let version = self.session.version()?;
        let wanted = page.limit.unwrap_or(usize::MAX);
        let mut after = page.after;
        let mut objects = Vec::new();
        loop {
            let place = after.as_ref().map(|(namespace, name)| (namespace.as_str(), name.as_str()));
            let place_and_kind = (kind.group(), kind.kind.as_str());
            let bodies = self.session.bodies(place_and_kind, selection.namespace.as_deref(), place, PORTION)?;
            let last = bodies.len() < PORTION;
            for body in bodies {
                let object = parse(&body)?;
                let text = |field: &str| super::text(&object, field).to_owned();
                let place = (text("/metadata/namespace"), text("/metadata/name"));
                if selection.matches(&object) {
                    if objects.len() == wanted {
                        return Ok(Listing { objects, version, more: after });
                    }
                    objects.push(as_version(object, kind));
                }
                after = Some(place);
            }
            if last {
                return Ok(Listing { objects, version, more: None });
            }
        }
    }
}

/// An object as its kind in this version: objects of several versions are told apart by their `apiVersion` alone, as
/// custom kinds without a conversion are.
pub(crate) fn as_version(mut object: Value, kind: &Kind) -> Value {
    if super::text(&object, "/apiVersion") != kind.api_version
        && let Some(map) = object.as_object_mut()
    {
        map.insert("apiVersion".to_owned(), Value::from(kind.api_version.as_str()));
    }
    object
}
