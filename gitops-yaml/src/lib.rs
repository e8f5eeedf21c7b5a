//! gitops-yaml
