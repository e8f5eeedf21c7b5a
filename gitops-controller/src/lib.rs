//! gitops-controller
