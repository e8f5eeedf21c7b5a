//! Settings that resources carry in annotations, as YAML.

use crate::Value;
use crate::api::ResourceIgnoreDifferences;

/// The rule that a resource's `argocd.argoproj.io/ignore-differences` annotation names for its own group and kind. None
/// where the text is not such a rule, which Argo CD passes over.
pub fn own_ignore_differences(text: &str, group: &str, kind: &str) -> Option<ResourceIgnoreDifferences> {
    let options = gitops_yaml::Options::new(gitops_yaml::Resolver::Sigs);
    let Value::Object(mut rule) = gitops_yaml::read_one(text.as_bytes(), &options).ok()? else { return None };
    rule.insert("group".into(), group.into());
    rule.insert("kind".into(), kind.into());
    serde_json::from_value(Value::Object(rule)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_map_is_a_rule() {
        let rule = own_ignore_differences("jsonPointers:\n- /data/a\n", "apps", "Deployment").unwrap();
        assert_eq!(rule.json_pointers, Some(vec!["/data/a".to_owned()]));
        assert_eq!((rule.group.as_deref(), rule.kind.as_str()), (Some("apps"), "Deployment"));
        for text in ["- jsonPointers: []", "{bad", "text", ""] {
            assert_eq!(own_ignore_differences(text, "", "ConfigMap"), None, "{text}");
        }
    }
}
