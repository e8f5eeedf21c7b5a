//! gitops-merge
