use gitops_core::Value;
use serde_json::json;

use super::*;

fn enforcer(policy: &str, default_role: &str) -> Enforcer {
    let settings = RbacSettings { policy: policy.into(), default_role: default_role.into(), ..RbacSettings::default() };
    Enforcer::new(&settings).unwrap()
}

fn request<'a>(resource: &'a str, action: &'a str, object: &'a str) -> Request<'a> {
    Request { resource, action, object }
}

#[test]
fn a_denial_wins_over_what_is_allowed_but_not_over_the_default_role() {
    let policy = "p, alice, applications, *, */*, allow\np, alice, applications, delete, prod/*, deny\n";
    let alice = Subject::Name("alice");
    assert!(!enforcer(policy, "").allows(alice, request("applications", "delete", "prod/web")));
    assert!(enforcer(policy, "").allows(alice, request("applications", "sync", "prod/web")));
    assert!(enforcer(policy, "role:admin").allows(alice, request("applications", "delete", "prod/web")));
    assert!(!enforcer(policy, "").allows(Subject::Name("bob"), request("applications", "sync", "prod/web")));
}

#[test]
fn roles_are_inherited_and_cycles_end() {
    let chain: String = (0..12).map(|index| format!("g, role:{index}, role:{}\n", index + 1)).collect();
    let policy = format!("{chain}g, role:12, role:0\np, role:10, clusters, get, *, allow\n");
    let enforcer = enforcer(&policy, "");
    let get = request("clusters", "get", "https://prod.example");
    assert!(enforcer.allows(Subject::Name("role:0"), get) && enforcer.allows(Subject::Name("admin"), get));
    assert!(!enforcer.allows(Subject::Name("role:11"), request("clusters", "create", "x")));
    assert!(!enforcer.allows(Subject::Name("role:12"), get), "a chain of more than ten roles is not followed");
}

#[test]
fn tokens_are_for_users_groups_and_roles_of_projects() {
    let project: AppProject =
        serde_json::from_value(json!({"metadata": {"name": "shop"}, "spec": {"roles": [{"name": "ci",
        "policies": ["p, proj:shop:ci, applications, sync, shop/*, allow"], "groups": ["builders"]}]},
        "status": {"jwtTokensByRole": {"ci": {"items": [{"iat": 7, "id": "a"}]}}}}))
        .unwrap();
    let mut enforcer = enforcer("g, ops, role:admin\np, loose, applications, sync, */*, allow\n", "");
    enforcer.add_project(&project);
    let allows = |claims: Value, object: &str| {
        let claims = claims.as_object().unwrap().clone();
        enforcer.allows(Subject::Claims(&claims), request("applications", "sync", object))
    };
    assert!(allows(json!({"sub": "proj:shop:ci"}), "shop/web") && !allows(json!({"sub": "proj:shop:ci"}), "other/web"));
    assert!(!allows(json!({"sub": "proj:other:ci"}), "shop/web"));
    assert!(allows(json!({"sub": "u", "groups": ["builders"]}), "shop/web"));
    assert!(!allows(json!({"sub": "u", "groups": ["builders"]}), "other/web"));
    assert!(allows(json!({"sub": "u", "groups": "ops"}), "other/web"));
    assert!(!allows(json!({"sub": "u", "groups": ["loose"]}), "shop/web"), "a group counts by a `g` line only");
    assert!(allows(json!({"sub": "x", "federated_claims": {"user_id": "admin"}}), "other/web"));
    assert!(knows_token(&project, "ci", Some(7), "") && knows_token(&project, "ci", None, "a"));
    assert!(!knows_token(&project, "ci", Some(8), "b") && !knows_token(&project, "other", Some(7), "a"));
}

#[test]
fn one_wrong_line_makes_a_policy_unusable() {
    for line in ["p, a, b", "g, a", "x, a, b", ", a", "p, a, b, c, d, allow, e", "p, \"a, b, c, d, allow"] {
        let error = check_policy(&format!("# policies\n{line}")).unwrap_err();
        assert_eq!(error.line, 2, "{line}");
    }
    assert_eq!(check_policy("\n# a comment\n  p, a, applications, get, */*, maybe  \n"), Ok(()));
}

#[test]
fn a_broken_expression_denies() {
    let policy = "p, a, applications, get, [, allow\np, a, applications, .*, .*, allow\n".into();
    let settings = RbacSettings { mode: MatchMode::Regular, policy, ..RbacSettings::default() };
    let enforcer = Enforcer::new(&settings).unwrap();
    assert!(!enforcer.allows(Subject::Name("a"), request("applications", "get", "p/a")));
    assert!(enforcer.allows(Subject::Name("a"), request("applications", "sync", "p/a")));
}

#[test]
fn the_policies_of_a_config_map_are_joined_by_name() {
    let data = [("policy.z.csv", "z"), ("policy.csv", "first"), ("policy.a.csv", "a"), ("policy.default", "role:x")];
    let data = data.map(|(key, text)| (key.to_owned(), text.to_owned())).into();
    assert_eq!(policy_of(&data), "first\na\nz");
}
