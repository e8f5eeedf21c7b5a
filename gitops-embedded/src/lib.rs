//! gitops-embedded
