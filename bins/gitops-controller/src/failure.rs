//! Why the operator cannot start.

use std::net::SocketAddr;
use std::path::PathBuf;

use gitops_controller::address::AddressError;
use gitops_controller::project::ProjectError;
use gitops_controller::replicas::ReplicasError;
use gitops_controller::{ApplicationError, ApplicationSetError};
use gitops_core::decode::DecodeError;
use gitops_embedded::OpenError;
use gitops_identity::IdentityError;
use gitops_kube::ConnectError;
use thiserror::Error;

/// Why the operator cannot start.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error("{}: cannot be read", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}: only documents of the kinds Application, ApplicationSet and AppProject are followed", path.display())]
    Kind { path: PathBuf },
    #[error("the data folder cannot be used")]
    Data(#[source] std::io::Error),
    #[error("the process cannot be set up")]
    Process(#[source] std::io::Error),
    #[error("the types of built-in kinds cannot be read")]
    Kinds(#[source] gitops_merge::schema::TableError),
    #[error("{address}: cannot be listened at")]
    Listen {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("traces cannot be sent")]
    Traces(#[source] opentelemetry_otlp::ExporterBuildError),
    #[error("`{0}` is not of the form {1}")]
    Pair(String, &'static str),
    #[error(transparent)]
    Replicas(#[from] ReplicasError),
    #[error(transparent)]
    Embedded(#[from] OpenError),
    #[error("the cluster cannot be reached; give a kubeconfig with --kubeconfig, or a folder with --embedded")]
    Connect(#[from] ConnectError),
    #[error("the servers of clouds cannot be asked")]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Definition(#[from] DecodeError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    Set(#[from] ApplicationSetError),
    #[error(transparent)]
    Project(#[from] ProjectError),
}
