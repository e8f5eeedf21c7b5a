//! gitops-diff
