//! Renders golden directories, and where they are there, real applications and kustomize's own cases.

mod conformance;
mod golden;
mod limits;
mod real_apps;
mod support;
