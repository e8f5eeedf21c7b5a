//! gitops-testkit
