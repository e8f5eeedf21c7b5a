//! gitops-git
