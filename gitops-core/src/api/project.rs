//! `AppProject`: the limits that Applications live within.

use std::collections::BTreeMap;

use super::application::ApplicationDestination;
use super::meta::{GroupKindPattern, ObjectMeta};
use super::schema::schema;
use super::source_integrity::SourceIntegrity;
use super::sync_window::SyncWindow;
use super::{API_VERSION, APP_PROJECT_KIND};

schema! {
    /// A project, as `argoproj.io/v1alpha1` defines it.
    pub struct AppProject {
        /// `argoproj.io/v1alpha1`.
        pub api_version: Option<String> => "apiVersion",
        /// `AppProject`.
        pub kind: Option<String> => "kind",
        /// Name, labels, annotations and the rest that every object has.
        pub metadata: ObjectMeta => "metadata",
        /// The limits.
        pub spec: AppProjectSpec => "spec",
        /// What the server keeps.
        pub status: Option<AppProjectStatus> => "status",
    }

    /// The limits of a project.
    pub struct AppProjectSpec {
        /// Patterns of the repositories that may be used; with `!` before, those that may not.
        pub source_repos: Option<Vec<String>> => "sourceRepos",
        /// Clusters and namespaces that may be deployed to, as patterns.
        pub destinations: Option<Vec<ApplicationDestination>> => "destinations",
        /// What the project is for; at most 255 characters.
        pub description: Option<String> => "description",
        /// Roles, for access by people and tokens.
        pub roles: Option<Vec<ProjectRole>> => "roles",
        /// Cluster-scoped objects that may be deployed; none where absent.
        pub cluster_resource_whitelist: Option<Vec<ClusterResourceRestriction>> => "clusterResourceWhitelist",
        /// Namespaced objects that may not be deployed.
        pub namespace_resource_blacklist: Option<Vec<GroupKindPattern>> => "namespaceResourceBlacklist",
        /// Whether objects that no Application has are reported; not where absent.
        pub orphaned_resources: Option<OrphanedResources> => "orphanedResources",
        /// When syncs may run.
        pub sync_windows: Option<Vec<SyncWindow>> => "syncWindows",
        /// Namespaced objects that may be deployed; all where absent.
        pub namespace_resource_whitelist: Option<Vec<GroupKindPattern>> => "namespaceResourceWhitelist",
        /// Keys, one of which must have signed what is deployed; superseded by `source_integrity`.
        pub signature_keys: Option<Vec<SignatureKey>> => "signatureKeys",
        /// Cluster-scoped objects that may not be deployed.
        pub cluster_resource_blacklist: Option<Vec<ClusterResourceRestriction>> => "clusterResourceBlacklist",
        /// Patterns of the namespaces that Applications of the project may be in.
        pub source_namespaces: Option<Vec<String>> => "sourceNamespaces",
        /// Whether only clusters that belong to the project may be deployed to.
        pub permit_only_project_scoped_clusters: Option<bool> => "permitOnlyProjectScopedClusters",
        /// Service accounts to deploy as, by destination.
        pub destination_service_accounts: Option<Vec<DestinationServiceAccount>> => "destinationServiceAccounts",
        /// What must hold of a source's origin.
        pub source_integrity: Option<SourceIntegrity> => "sourceIntegrity",
    }

    /// Cluster-scoped objects of a kind, possibly of a name; each possibly a pattern.
    pub struct ClusterResourceRestriction {
        /// API group.
        pub group: String => "group",
        /// Kind.
        pub kind: String => "kind",
        /// Name; all where absent.
        pub name: Option<String> => "name",
    }

    /// How objects that no Application has are reported.
    pub struct OrphanedResources {
        /// Whether Applications get a warning; they do not where absent.
        pub warn: Option<bool> => "warn",
        /// Objects that are passed over.
        pub ignore: Option<Vec<OrphanedResourceKey>> => "ignore",
    }

    /// Objects that are passed over; each part possibly a pattern.
    pub struct OrphanedResourceKey {
        /// API group.
        pub group: Option<String> => "group",
        /// Kind.
        pub kind: Option<String> => "kind",
        /// Name.
        pub name: Option<String> => "name",
    }

    /// A GnuPG key.
    pub struct SignatureKey {
        /// Identity of the key.
        pub key_id: String => "keyID",
    }

    /// A service account to deploy to a destination as.
    pub struct DestinationServiceAccount {
        /// Pattern of the cluster's URL.
        pub server: String => "server",
        /// Pattern of the namespace.
        pub namespace: Option<String> => "namespace",
        /// The service account, as `name` or `namespace:name`.
        pub default_service_account: String => "defaultServiceAccount",
    }

    /// A role of a project.
    pub struct ProjectRole {
        /// Name.
        pub name: String => "name",
        /// What the role is for.
        pub description: Option<String> => "description",
        /// Rules, as lines of a Casbin policy.
        pub policies: Option<Vec<String>> => "policies",
        /// Tokens that were made for the role; superseded by the status.
        pub jwt_tokens: Option<Vec<JwtToken>> => "jwtTokens",
        /// Groups of the identity provider that have the role.
        pub groups: Option<Vec<String>> => "groups",
    }

    /// What is kept of a token, which is not the token.
    pub struct JwtToken {
        /// When it was made, in seconds since 1970.
        pub issued_at: i64 => "iat",
        /// When it ends, in seconds since 1970; never where absent or 0.
        pub expires_at: Option<i64> => "exp",
        /// Its identity.
        pub id: Option<String> => "id",
    }

    /// What the server keeps of a project.
    pub struct AppProjectStatus {
        /// Tokens that were made, by role.
        pub jwt_tokens_by_role: Option<BTreeMap<String, JwtTokens>> => "jwtTokensByRole",
    }

    /// Tokens of a role.
    pub struct JwtTokens {
        /// The tokens.
        pub items: Option<Vec<JwtToken>> => "items",
    }
}

impl AppProject {
    /// A project with a name and a namespace and nothing allowed.
    pub fn new(name: impl Into<String>, namespace: Option<String>) -> Self {
        Self {
            api_version: Some(API_VERSION.to_owned()),
            kind: Some(APP_PROJECT_KIND.to_owned()),
            metadata: ObjectMeta::new(name, namespace),
            ..Self::default()
        }
    }

    /// The name, or the empty string.
    pub fn name(&self) -> &str {
        self.metadata.name()
    }
}
