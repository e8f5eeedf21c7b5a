use std::sync::Arc;

use gitops_core::{Origin, Value};
use serde::Deserialize;
use serde_json::json;

use super::Plugin;
use super::loose::{Known, Loose};
use crate::RenderError;
use crate::kustomize::accumulate::Builder;
use crate::kustomize::charts::{self, INFLATION_FIELDS, Inflation};
use crate::kustomize::generators;
use crate::kustomize::load::Root;
use crate::kustomize::model::{Generator, GeneratorOptions};
use crate::kustomize::read::File;
use crate::kustomize::resource::Resource;
use crate::kustomize::resources::Resources;

const FIELD: &str = "generators";

/// `ConfigMapGenerator` and `SecretGenerator`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pairs {
    metadata: Named,
    name: String,
    namespace: String,
    behavior: String,
    #[serde(rename = "type")]
    secret_type: String,
    literals: Vec<String>,
    files: Vec<String>,
    envs: Vec<String>,
    env: String,
    options: Option<Loose<GeneratorOptions>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
    namespace: String,
}

/// `IAMPolicyGenerator`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Policy {
    cloud: String,
    kubernetes_service: Named,
    service_account: ServiceAccount,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ServiceAccount {
    name: String,
    project_id: String,
}

impl Known for Pairs {
    const FIELDS: &'static [&'static str] =
        &["metadata", "name", "namespace", "behavior", "type", "literals", "files", "envs", "env", "options"];
}

impl Known for Policy {
    const FIELDS: &'static [&'static str] = &["cloud", "kubernetesService", "serviceAccount"];
}

impl Known for Inflation {
    const FIELDS: &'static [&'static str] = INFLATION_FIELDS;
}

/// Runs the plugins of `generators`.
pub(in crate::kustomize) fn generate(
    builder: &mut Builder<'_>,
    root: &Root,
    file: &File,
    resources: &mut Resources,
) -> Result<(), RenderError> {
    for plugin in super::load(builder, root, file, FIELD, &file.kustomization.generators)? {
        let place = file.place(FIELD);
        let mut resource = match plugin.kind() {
            kind @ ("ConfigMapGenerator" | "SecretGenerator") => {
                let made = if kind == "SecretGenerator" { "Secret" } else { "ConfigMap" };
                let generator = pairs(plugin.fields()?);
                let origin = plugin.resource.origin.clone();
                generators::make(builder, root, (made, &generator), None, origin, &place)?
            }
            "IAMPolicyGenerator" => service_account(&plugin)?,
            "HelmChartInflationGenerator" => {
                let fields: Inflation = plugin.fields()?;
                let (globals, chart) = fields.split().map_err(|error| plugin.wrong(error.to_string()))?;
                let provenance = plugin.provenance.map(Arc::new);
                // Unlike a chart of the field, one of a plugin is given no namespace of the kustomization.
                for mut resource in charts::inflate(builder, root, (&globals, &chart), "", &place)? {
                    resource.provenance.clone_from(&provenance);
                    resources.absorb(resource, &place)?;
                }
                continue;
            }
            kind => return Err(plugin.wrong(format!("`{kind}` is no generator"))),
        };
        resource.provenance = plugin.provenance.map(Into::into);
        resources.absorb(resource, &place)?;
    }
    Ok(())
}

fn pairs(pairs: Pairs) -> Generator {
    let Pairs { metadata, name, namespace, behavior, secret_type, literals, files, mut envs, env, options } = pairs;
    let first = |own: String, other: String| if own.is_empty() { other } else { own };
    if !env.is_empty() {
        envs.push(env);
    }
    Generator {
        name: first(name, metadata.name),
        namespace: first(namespace, metadata.namespace),
        behavior,
        secret_type,
        literals,
        files,
        envs,
        env: String::new(),
        options: options.map(|Loose(options)| options),
    }
}

/// A service account that stands for one of Google's cloud.
fn service_account(plugin: &Plugin) -> Result<Resource, RenderError> {
    let Policy { cloud, kubernetes_service, service_account } = plugin.fields()?;
    if cloud != "gke" {
        return Err(plugin.wrong(format!("cloud: expected `gke`, found `{cloud}`")));
    }
    let account = format!("{}@{}.iam.gserviceaccount.com", service_account.name, service_account.project_id);
    let mut value: Value = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "annotations": {"iam.gke.io/gcp-service-account": account},
            "name": kubernetes_service.name,
        },
    });
    if !kubernetes_service.namespace.is_empty() {
        value["metadata"]["namespace"] = kubernetes_service.namespace.into();
    }
    let Origin { file, line, .. } = plugin.resource.origin.clone();
    Ok(Resource::new(value, Origin { file, line }))
}
