//! gitops-fixtures
