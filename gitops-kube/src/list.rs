//! Listings: in pages, whole or an error.

use gitops_core::cluster::{ApiResource, ClusterError, CompleteListing, ErrorKind, Query};
use gitops_core::{Map, Object, Value};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::task::JoinSet;

use crate::answer::{Answer, LARGE, beside, ended, object, unreadable};
use crate::call::{Call, Caller, JSON, PARTIAL};
use crate::counts::CallKind;
use crate::path::Address;

/// Objects of one page, as kubectl asks for them.
const PAGE: &str = "500";
/// How often a listing is begun again whose state the server forgot before the last page.
const ATTEMPTS: usize = 3;
/// Asks for the metadata of objects only.
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// How much of objects is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// Whole but for who owns its fields.
    Unowned,
    Metadata,
}

/// A page without its objects.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default, rename = "items")]
    _items: IgnoredAny,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    items: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageMetadata {
    resource_version: String,
    #[serde(rename = "continue")]
    next: String,
}

/// The pages of a listing, one after the other. While one is read, the server makes the next.
pub(crate) struct Pages<'a> {
    caller: &'a Caller,
    resource: &'a ApiResource,
    query: &'a Query,
    extent: Extent,
    begun: bool,
    /// The page that is on its way; empty after the last one.
    coming: JoinSet<Result<Answer, ClusterError>>,
    resource_version: String,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(caller: &'a Caller, resource: &'a ApiResource, query: &'a Query, extent: Extent) -> Self {
        Self { caller, resource, query, extent, begun: false, coming: JoinSet::new(), resource_version: String::new() }
    }

    /// The next page; none after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Object>>, ClusterError> {
        if !self.begun {
            self.begun = true;
            self.ask("");
        }
        let Some(answer) = self.coming.join_next().await else { return Ok(None) };
        let body = answer.map_err(|error| ended(&error))??.body;
        let head: Head = serde_json::from_slice(&body).map_err(|error| unreadable(&error, None))?;
        self.resource_version = head.metadata.resource_version;
        if !head.metadata.next.is_empty() {
            self.ask(&head.metadata.next);
        }
        if body.len() < LARGE {
            return objects(&body, self.resource, self.extent).map(Some);
        }
        let (resource, extent) = (self.resource.clone(), self.extent);
        beside(move || objects(&body, &resource, extent)).await.map(Some)
    }

    /// Asks for the page that begins there.
    fn ask(&mut self, next: &str) {
        let address = Address::of_all(self.resource, self.query.namespace.as_deref());
        let address = selected(address, self.query).ask("limit", PAGE).ask_if(!next.is_empty(), "continue", next);
        let mut call = Call::get(CallKind::List, address, None);
        if self.extent == Extent::Metadata {
            call.accept = METADATA;
        }
        let caller = self.caller.clone();
        self.coming.spawn(async move { caller.call(call).await });
    }

    /// The state that the listing is of, after its last page.
    pub(crate) fn resource_version(&self) -> &str {
        &self.resource_version
    }
}

/// The objects of a page.
fn objects(body: &[u8], resource: &ApiResource, extent: Extent) -> Result<Vec<Object>, ClusterError> {
    let page: Page = serde_json::from_slice(body).map_err(|error| unreadable(&error, None))?;
    page.items.unwrap_or_default().into_iter().map(|item| typed(item, resource, extent)).collect()
}

/// All objects of a query.
pub(crate) async fn list(
    caller: &Caller,
    resource: &ApiResource,
    query: &Query,
    extent: Extent,
) -> Result<CompleteListing, ClusterError> {
    let mut attempt = 1;
    loop {
        match whole(Pages::new(caller, resource, query, extent)).await {
            Err(error) if error.kind == ErrorKind::Expired && attempt < ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

async fn whole(mut pages: Pages<'_>) -> Result<CompleteListing, ClusterError> {
    let mut objects = Vec::new();
    while let Some(page) = pages.next().await? {
        objects.extend(page);
    }
    Ok(CompleteListing { objects, resource_version: pages.resource_version })
}

/// The address with the labels and the name of a query.
pub(crate) fn selected(address: Address, query: &Query) -> Address {
    let pair = |(key, value): (&String, &String)| format!("{key}={value}");
    let selector: Vec<String> = query.labels.iter().map(pair).collect();
    let named = query.name.as_ref().map(|name| format!("metadata.name={name}"));
    let address = address.ask_if(!selector.is_empty(), "labelSelector", &selector.join(","));
    address.ask_if(named.is_some(), "fieldSelector", &named.unwrap_or_default())
}

/// The content type of an answer's objects.
pub(crate) fn accept(extent: Extent) -> &'static str {
    match extent {
        Extent::Whole | Extent::Unowned => JSON,
        Extent::Metadata => PARTIAL,
    }
}

/// Objects of a list don't say what they are, and those of which only metadata came say something else.
pub(crate) fn typed(mut item: Value, resource: &ApiResource, extent: Extent) -> Result<Object, ClusterError> {
    if let Some(body) = item.as_object_mut() {
        name_kind(body, resource);
    }
    let mut object = object(item)?;
    if extent == Extent::Unowned {
        drop(object.take_managed_fields());
    }
    Ok(object)
}

fn name_kind(body: &mut Map, resource: &ApiResource) {
    body.insert("apiVersion".to_owned(), resource.gvk.api_version().into());
    body.insert("kind".to_owned(), resource.gvk.kind.as_str().into());
}
