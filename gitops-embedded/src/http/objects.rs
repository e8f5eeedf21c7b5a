//! Requests to objects.

use std::sync::Arc;

use gitops_core::Value;
use gitops_core::cluster::Precondition;
use gitops_merge::schema::Kind;
use gitops_merge::server::{
    self as rules, Effect, FieldValidation, Operation, Propagation, ServerError, Target, scale_of,
};
use http::{Method, Response};
use serde_json::json;

use super::answer::{self, Form};
use super::route::Place;
use super::{Call, ResponseBody, stream};
use crate::cluster::EmbeddedCluster;
use crate::failure::{Failure, refusal};
use crate::server::selector::{self, Selection};
use crate::server::{Deletion, Page, Removal, Request, Server, as_version, text};
use crate::store::Key;

type Answer = Result<Response<ResponseBody>, Failure>;

/// Answers a request to objects of a kind.
pub(super) async fn serve(cluster: &EmbeddedCluster, place: Place, call: Call) -> Answer {
    let (api_version, resource) = (place.api_version.clone(), place.resource.clone());
    let found = cluster.inner.read(move |server| Ok(server.catalog.resource(&api_version, &resource).cloned())).await?;
    let kind = found.ok_or_else(|| Failure::UnknownKind(place.resource.clone()))?;
    let target = match place.subresource.as_str() {
        "" => Target::Object,
        "status" if kind.subresources.status => Target::Status,
        "scale" if kind.subresources.scale.is_some() => Target::Scale,
        "eviction" if kind.kind == "Pod" && call.method == Method::POST => {
            return evict(cluster, kind, place, &call).await;
        }
        _ => return Err(Failure::UnknownKind(place.subresource)),
    };
    let one = !place.name.is_empty();
    let spot = Spot { kind, namespace: place.namespace, name: place.name, target };
    match (&call.method, one, target) {
        (&Method::GET, true, _) if !call.parameters.is_true("watch") => get(cluster, spot, &call).await,
        (&Method::GET, _, Target::Object) => many(cluster, spot, &call).await,
        (&Method::POST, false, _) => write(cluster, spot, Kinds::Create, &call).await,
        (&Method::PUT, true, _) => write(cluster, spot, Kinds::Update, &call).await,
        (&Method::PATCH, true, _) => {
            let patch = patch_kind(&call)?;
            write(cluster, spot, patch, &call).await
        }
        (&Method::DELETE, true, Target::Object) => delete(cluster, spot, &call).await,
        (&Method::DELETE, false, Target::Object) => delete_many(cluster, spot, &call).await,
        _ => {
            let message = "the server does not allow this method on the requested resource";
            Err(refusal(405, "MethodNotAllowed", message).into())
        }
    }
}

/// What of a kind a request is about.
struct Spot {
    kind: Arc<Kind>,
    namespace: String,
    name: String,
    target: Target,
}

impl Spot {
    /// An object as the answer to a request to this place.
    fn view(&self, object: Value) -> Value {
        match self.target {
            Target::Scale => scale_of(&self.kind, &object).unwrap_or(object),
            _ => object,
        }
    }
}

async fn get(cluster: &EmbeddedCluster, spot: Spot, call: &Call) -> Answer {
    let form = Form::of(&call.accept);
    let object = cluster
        .inner
        .read(move |server| {
            let stored = server.session.get(&Key::of(&spot.kind, &spot.namespace, &spot.name))?;
            let stored = stored.ok_or_else(|| ServerError::not_found(&spot.kind, &spot.name))?;
            Ok(spot.view(as_version(stored.body, &spot.kind)))
        })
        .await?;
    Ok(answer::json(200, &form.object(object)))
}

fn selection(spot: &Spot, call: &Call) -> Result<Selection, Failure> {
    let mut fields = selector::fields(call.parameters.text("fieldSelector")).map_err(ServerError::bad_request)?;
    if !spot.name.is_empty() {
        fields.push(("metadata.name".to_owned(), spot.name.clone(), true));
    }
    let labels = selector::labels(call.parameters.text("labelSelector")).map_err(ServerError::bad_request)?;
    let namespace = (spot.kind.namespaced && !spot.namespace.is_empty()).then(|| spot.namespace.clone());
    Ok(Selection { namespace, fields, labels })
}

async fn many(cluster: &EmbeddedCluster, spot: Spot, call: &Call) -> Answer {
    let selection = selection(&spot, call)?;
    if call.parameters.is_true("watch") {
        return stream::watch(cluster, spot.kind, selection, call).await;
    }
    let limit = call.parameters.text("limit").parse::<usize>().ok().filter(|limit| *limit > 0);
    let token = Token::read(call.parameters.text("continue"))?;
    let page = Page { limit, after: token.as_ref().map(|token| token.after.clone()) };
    let kind = Arc::clone(&spot.kind);
    let listing = cluster.inner.read(move |server| server.list(&kind, &selection, page)).await?;
    let form = Form::of(&call.accept);
    // A watch from the first page's version hears of everything that later pages may have missed.
    let version = token.map_or(listing.version, |token| token.version);
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let (Some(after), Some(metadata)) = (listing.more, metadata.as_object_mut()) {
        metadata.insert("continue".to_owned(), Value::from(Token { version, after }.write()));
    }
    let items: Vec<Value> = listing.objects.into_iter().map(|object| form.object(object)).collect();
    let (api_version, list_kind) = match form {
        Form::Whole => (spot.kind.api_version.as_str(), spot.kind.list_kind.as_str()),
        Form::Metadata => ("meta.k8s.io/v1", "PartialObjectMetadataList"),
    };
    let list = json!({"apiVersion": api_version, "kind": list_kind, "metadata": metadata, "items": items});
    Ok(answer::json(200, &list))
}

/// Where a listing goes on.
struct Token {
    version: u64,
    after: (String, String),
}

impl Token {
    fn write(&self) -> String {
        format!("{}/{}/{}", self.version, self.after.0, self.after.1)
    }

    fn read(text: &str) -> Result<Option<Self>, ServerError> {
        if text.is_empty() {
            return Ok(None);
        }
        let mut parts = text.splitn(3, '/');
        let version = parts.next().and_then(|version| version.parse().ok());
        match (version, parts.next(), parts.next()) {
            (Some(version), Some(namespace), Some(name)) => {
                Ok(Some(Self { version, after: (namespace.to_owned(), name.to_owned()) }))
            }
            _ => Err(ServerError::bad_request("continue key is not valid")),
        }
    }
}

/// The ways to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kinds {
    Create,
    Update,
    Apply,
    MergePatch,
    StrategicPatch,
    JsonPatch,
}

fn patch_kind(call: &Call) -> Result<Kinds, Failure> {
    match call.content_type.split(';').next().unwrap_or_default().trim() {
        "application/apply-patch+yaml" | "application/apply-patch+json" => Ok(Kinds::Apply),
        "application/merge-patch+json" => Ok(Kinds::MergePatch),
        "application/strategic-merge-patch+json" => Ok(Kinds::StrategicPatch),
        "application/json-patch+json" => Ok(Kinds::JsonPatch),
        _ => Err(ServerError::unsupported_media_type().into()),
    }
}

/// A body as JSON, or as YAML where its type says so.
fn body(call: &Call) -> Result<Value, ServerError> {
    if call.body.is_empty() {
        return Ok(Value::Null);
    }
    // The text is left out: it may be a Secret's.
    match serde_json::from_slice(&call.body) {
        Ok(value) => Ok(value),
        Err(_) if call.content_type.contains("yaml") => {
            serde_yaml::from_slice(&call.body).map_err(|_| ServerError::bad_request("the body is not valid YAML"))
        }
        Err(error) => Err(ServerError::bad_request(format!(
            "the body is not valid JSON at line {} column {}",
            error.line(),
            error.column()
        ))),
    }
}

/// The field manager, which is the client where it names none.
fn manager(call: &Call, how: Kinds) -> String {
    let named = call.parameters.text("fieldManager");
    if !named.is_empty() || how == Kinds::Apply {
        return named.to_owned();
    }
    let agent = call.agent.split('/').next().unwrap_or_default();
    if agent.is_empty() { "unknown".to_owned() } else { agent.chars().take(128).collect() }
}

async fn write(cluster: &EmbeddedCluster, mut spot: Spot, how: Kinds, call: &Call) -> Answer {
    let body = body(call)?;
    let manager = manager(call, how);
    let force = call.parameters.is_true("force");
    let dry_run = !call.parameters.text("dryRun").is_empty();
    let field_validation = match call.parameters.text("fieldValidation") {
        "Strict" => FieldValidation::Strict,
        _ => FieldValidation::Ignore,
    };
    let form = Form::of(&call.accept);
    if how == Kinds::Create && spot.name.is_empty() {
        spot.name = text(&body, "/metadata/name").to_owned();
    }
    let work = move |server: &Server<'_>| {
        let operation = match how {
            Kinds::Create => Operation::Create(&body),
            Kinds::Update => Operation::Update(&body),
            Kinds::Apply => Operation::Apply { body: &body, force },
            Kinds::MergePatch => Operation::MergePatch(&body),
            Kinds::StrategicPatch => Operation::StrategicPatch(&body),
            Kinds::JsonPatch => Operation::JsonPatch(&body),
        };
        let written = server.write(&Request {
            kind: &spot.kind,
            namespace: &spot.namespace,
            name: &spot.name,
            operation,
            target: spot.target,
            manager: &manager,
            field_validation,
            dry_run,
            precondition: &Precondition::None,
        })?;
        Ok((spot.view(written.object), written.effect))
    };
    let (object, effect) = if dry_run { cluster.inner.read(work).await? } else { cluster.inner.write(work).await? };
    let code = if effect == Effect::Created { 201 } else { 200 };
    Ok(answer::json(code, &form.object(object)))
}

/// What a deletion is to do, from its body and parameters.
struct Options {
    uid: Option<String>,
    resource_version: Option<String>,
    propagation: Propagation,
    dry_run: bool,
}

fn options(call: &Call) -> Result<Options, Failure> {
    let body = body(call)?;
    let option = |pointer: &str, parameter: &str| {
        let in_body = text(&body, pointer);
        if in_body.is_empty() { call.parameters.text(parameter).to_owned() } else { in_body.to_owned() }
    };
    let orphans = body.pointer("/orphanDependents") == Some(&Value::Bool(true));
    let propagation = match option("/propagationPolicy", "propagationPolicy").as_str() {
        "Foreground" => Propagation::Foreground,
        "Orphan" => Propagation::Orphan,
        "" if orphans => Propagation::Orphan,
        "" | "Background" => Propagation::Background,
        other => {
            let message =
                format!("propagationPolicy: Invalid value: {other:?}: not one of Foreground, Background, Orphan");
            return Err(ServerError::unprocessable(message).into());
        }
    };
    let some = |pointer: &str| Some(text(&body, pointer).to_owned()).filter(|text| !text.is_empty());
    let dry_run = body.pointer("/dryRun").and_then(Value::as_array).is_some_and(|held| !held.is_empty());
    Ok(Options {
        uid: some("/preconditions/uid"),
        resource_version: some("/preconditions/resourceVersion"),
        propagation,
        dry_run: dry_run || !call.parameters.text("dryRun").is_empty(),
    })
}

async fn delete(cluster: &EmbeddedCluster, spot: Spot, call: &Call) -> Answer {
    let options = options(call)?;
    let removed = cluster
        .inner
        .write(move |server| {
            let removed = server.delete(&Deletion {
                kind: &spot.kind,
                namespace: &spot.namespace,
                name: &spot.name,
                uid: options.uid.as_deref(),
                resource_version: options.resource_version.as_deref(),
                propagation: options.propagation,
                dry_run: options.dry_run,
            })?;
            Ok(match removed {
                Removal::Gone(last) if !rules::answers_with_object(&spot.kind) => json!({
                    "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
                    "details": {"name": spot.name, "group": spot.kind.group(), "kind": spot.kind.plural,
                                "uid": text(&last, "/metadata/uid")},
                }),
                Removal::Gone(object) | Removal::Pending(object) => object,
            })
        })
        .await?;
    Ok(answer::json(200, &removed))
}

async fn delete_many(cluster: &EmbeddedCluster, spot: Spot, call: &Call) -> Answer {
    let selection = selection(&spot, call)?;
    let options = options(call)?;
    let list_kind = (spot.kind.api_version.clone(), spot.kind.list_kind.clone());
    let deleted = cluster
        .inner
        .write(move |server| {
            let listing = server.list(&spot.kind, &selection, Page::default())?;
            for object in &listing.objects {
                let held = |pointer: &str| text(object, pointer);
                server.delete(&Deletion {
                    kind: &spot.kind,
                    namespace: held("/metadata/namespace"),
                    name: held("/metadata/name"),
                    uid: Some(held("/metadata/uid")),
                    resource_version: None,
                    propagation: options.propagation,
                    dry_run: options.dry_run,
                })?;
            }
            Ok(listing)
        })
        .await?;
    let metadata = json!({"resourceVersion": deleted.version.to_string()});
    let (api_version, kind) = list_kind;
    let list = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "items": deleted.objects});
    Ok(answer::json(200, &list))
}

/// An eviction deletes the pod: no budget is in the way of a pod that does not run.
async fn evict(cluster: &EmbeddedCluster, kind: Arc<Kind>, place: Place, call: &Call) -> Answer {
    let asked = body(call)?;
    let delete_options = asked.pointer("/deleteOptions").cloned().unwrap_or(Value::Null);
    let dry_run = delete_options.get("dryRun").is_some() || !call.parameters.text("dryRun").is_empty();
    cluster
        .inner
        .write(move |server| {
            server.delete(&Deletion {
                kind: &kind,
                namespace: &place.namespace,
                name: &place.name,
                uid: None,
                resource_version: None,
                propagation: Propagation::Background,
                dry_run,
            })
        })
        .await?;
    Ok(answer::json(
        201,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    ))
}
