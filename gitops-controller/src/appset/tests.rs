//! Sets and what they make.

use std::sync::Arc;

use gitops_core::api::Application;
use gitops_core::tree::MemoryTree;
use gitops_core::{Tree, Value};
use serde_json::json;

use super::*;

/// One repository, and no clusters.
struct World(Arc<MemoryTree>);

impl Outside for World {
    fn tree(&self, repository: &str, _: &str) -> Result<Arc<dyn Tree>, OutsideError> {
        if repository == "https://git.example/r" {
            return Ok(Arc::clone(&self.0) as Arc<dyn Tree>);
        }
        Err(OutsideError::Failed(format!("no repository {repository}")))
    }

    fn pull_requests(&self, _: &gitops_core::api::PullRequestGenerator) -> Result<Vec<PullRequest>, OutsideError> {
        let pull = |number, branch: &str| PullRequest {
            number,
            branch: branch.into(),
            target_branch: "main".into(),
            head_sha: "0123456789abcdef".into(),
            labels: vec!["preview".into()],
            ..PullRequest::default()
        };
        Ok(vec![pull(7, "feature/Add_Login & more"), pull(8, "docs")])
    }

    fn plugin(
        &self,
        _: &str,
        input: &serde_json::Map<String, Value>,
    ) -> Result<Vec<serde_json::Map<String, Value>>, OutsideError> {
        Ok(input.keys().map(|key| json!({"name": key, "of": {"list": [1]}}).as_object().cloned().unwrap()).collect())
    }
}

fn world() -> World {
    let tree = MemoryTree::new()
        .with_file("apps/one/config.yaml", "name: one\nsize: 3\n")
        .with_file("apps/two/config.yaml", "- name: two\n- name: three\n")
        .with_file("apps/two/deep/config.yaml", "name: deep\n")
        .with_file("apps/.hidden/config.yaml", "name: hidden\n")
        .with_file("broken/config.yaml", "a: [\n");
    World(Arc::new(tree))
}

fn set(go: bool, generators: Value, more: Value) -> Definition {
    let name = if go { "{{.name}}" } else { "{{name}}" };
    let mut spec = json!({
        "goTemplate": go,
        "goTemplateOptions": ["missingkey=error"],
        "generators": generators,
        "template": {
            "metadata": {"name": name},
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://git.example/r", "path": "."},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
            },
        },
    });
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    let object = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "set"}, "spec": spec,
    });
    Definition::read(&object, "argocd").unwrap()
}

fn expanded(set: &Definition) -> Expansion {
    expand(set, &world(), &Settings::new("argocd"))
}

fn names(expansion: &Expansion) -> Vec<&str> {
    expansion.applications().map(Application::name).collect()
}

fn git(item: Value) -> Value {
    let mut git = json!({"repoURL": "https://git.example/r", "revision": "HEAD"});
    for (field, value) in item.as_object().unwrap() {
        git[field] = value.clone();
    }
    json!({ "git": git })
}

#[test]
fn one_bad_element_of_a_thousand_leaves_the_others() {
    let mut elements: Vec<Value> =
        (0..1_000).map(|number| json!({"name": format!("app-{number}"), "x": "y"})).collect();
    elements[500] = json!({"name": "broken"});
    let more = json!({"templatePatch": "metadata:\n  labels: {x: '{{.x}}'}\n"});
    let expansion = expanded(&set(true, json!([{"list": {"elements": elements}}]), more));
    assert_eq!(expansion.applications().count(), 999);
    assert!(!expansion.is_complete());
    let problems = expansion.problems();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].0, Reason::RenderTemplateParamsError);
    assert!(problems[0].1.starts_with("spec.generators[0], element 501: "), "{problems:?}");
    assert!(problems[0].1.contains("map has no entry for key"), "{problems:?}");
    assert!(expansion.conditions().iter().all(|condition| condition.message.contains("element 501")));
}

#[test]
fn a_generator_that_fails_leaves_the_others_and_is_never_an_empty_list() {
    let unsupported = json!({"scmProvider": {"github": {"organization": "o"}}});
    let elsewhere = json!({"git": {"repoURL": "https://else.example", "revision": "HEAD", "files": [{"path": "*"}]}});
    let unknown = json!({"oracle": {}});
    let good = json!({"list": {"elements": [{"name": "a"}]}});
    let expansion = expanded(&set(false, json!([unsupported, elsewhere, unknown, good]), json!({})));
    assert_eq!(names(&expansion), ["a"]);
    assert!(!expansion.is_complete());
    let messages: Vec<String> = expansion.problems().into_iter().map(|(_, message)| message).collect();
    assert_eq!(messages.len(), 3, "{messages:?}");
    assert!(messages[0].contains("not supported"), "{messages:?}");
    assert!(messages[1].contains("no repository"), "{messages:?}");
    assert!(messages[2].contains("no generator that is known"), "{messages:?}");
}

#[test]
fn names_that_are_made_twice_or_not_at_all_are_refused() {
    let elements = json!([{"name": "a"}, {"name": "b"}, {"name": "a"}, {"name": ""}]);
    let expansion = expanded(&set(false, json!([{"list": {"elements": elements}}]), json!({})));
    assert_eq!(names(&expansion), ["b"]);
    let reasons: Vec<Reason> = expansion.problems().into_iter().map(|(reason, _)| reason).collect();
    assert_eq!(reasons, [Reason::ApplicationValidationError; 3]);
}

#[test]
fn files_are_named_as_git_and_as_double_stars_name_them() {
    let generators = |pattern: &str| json!([git(json!({"files": [{"path": pattern}]}))]);
    let found = |pattern: &str, globbing| {
        let mut settings = Settings::new("argocd");
        settings.globbing = globbing;
        let expansion = expand(&set(false, generators(pattern), json!({})), &world(), &settings);
        assert!(expansion.is_complete(), "{pattern}: {:?}", expansion.problems());
        names(&expansion).join(" ")
    };
    let (listing, stars) = (FileGlobbing::GitListing, FileGlobbing::DoubleStar);
    assert_eq!(found("apps/*/config.yaml", listing), "hidden one two three deep");
    assert_eq!(found("apps/*/config.yaml", stars), "hidden one two three");
    assert_eq!(found("apps/**/config.yaml", stars), "hidden one two three deep");
    assert_eq!(found("apps/{one,two}/*.yaml", stars), "one two three");
    assert_eq!(found("apps/two", listing), "two three deep");
    assert_eq!(found("apps/[[:alpha:]]*/c?nfig.yaml", listing), "one two three deep");
    assert_eq!(found("apps/one/config.yaml/", listing), "");
}

#[test]
fn broken_files_and_signs_of_pathspecs_are_errors() {
    for (pattern, words) in [("broken/*", "`broken/config.yaml`"), (":(glob)x", "not supported"), ("", "empty pattern")]
    {
        let generators = json!([git(json!({"files": [{"path": pattern}]}))]);
        let problems = expanded(&set(false, generators, json!({}))).problems();
        assert!(problems[0].1.contains(words), "{problems:?}");
    }
}

#[test]
fn a_repository_can_only_be_looked_around_in_within_a_budget() {
    let generators = json!([git(json!({"files": [{"path": "*.yaml"}]}))]);
    let mut settings = Settings::new("argocd");
    settings.limits.entries = 5;
    let problems = expand(&set(false, generators.clone(), json!({})), &world(), &settings).problems();
    assert!(problems[0].1.contains("more than the 5 entries"), "{problems:?}");
    settings.limits.entries = 100;
    settings.limits.parameter_sets = 2;
    let problems = expand(&set(false, generators, json!({})), &world(), &settings).problems();
    assert!(problems[0].1.contains("more than the 2 sets of parameters"), "{problems:?}");
}

#[test]
fn the_second_generator_of_a_matrix_uses_the_first() {
    let first = git(json!({"directories": [{"path": "apps/*"}], "values": {"from": "{{.path.basename}}"}}));
    let second = json!({"list": {
        "elements": [],
        "elementsYaml": "- name: '{{ .path.basename }}-{{ .values.from | upper | lower }}'\n",
        "template": {"metadata": {}, "spec": {}},
    }});
    let expansion = expanded(&set(true, json!([{"matrix": {"generators": [first, second]}}]), json!({})));
    assert_eq!(names(&expansion), ["one-one", "two-two"], "{:?}", expansion.problems());
}

#[test]
fn values_of_the_second_generator_may_be_of_both() {
    let first = json!({"list": {"elements": [{"name": "a"}]}});
    let second = git(json!({
        "directories": [{"path": "apps/o*"}],
        "values": {"first": "{{.name}}", "own": "{{.path.basename}}"},
    }));
    let set = set(true, json!([{"matrix": {"generators": [first, second]}}]), json!({}));
    let expansion = expanded(&set);
    assert_eq!(expansion.generators[0].parameters[0]["values"], json!({"first": "a", "own": "one"}));
}

#[test]
fn a_third_level_has_no_matrix() {
    let list = json!({"list": {"elements": [{"name": "a"}]}});
    let matrix = |one: &Value| json!({"matrix": {"generators": [one, {"list": {"elements": [{"x": "1"}]}}]}});
    let allowed = json!([matrix(&matrix(&list))]);
    assert_eq!(names(&expanded(&set(true, allowed, json!({})))), ["a"]);
    let expansion = expanded(&set(true, json!([matrix(&matrix(&matrix(&list)))]), json!({})));
    assert!(expansion.problems()[0].1.contains("known at this depth"), "{:?}", expansion.problems());
}

#[test]
fn templates_of_generators_lie_over_the_template_of_the_set() {
    let own = json!({
        "metadata": {"labels": {"own": "{{name}}"}},
        "spec": {"project": "", "destination": {"namespace": "other"}, "source": {"path": "own", "repoURL": ""}},
    });
    let list = json!({"list": {"elements": [{"name": "a"}], "template": own}});
    let expansion = expanded(&set(false, json!([list]), json!({})));
    let application = expansion.applications().next().unwrap();
    let value = serde_json::to_value(application).unwrap();
    assert_eq!(value["metadata"]["labels"], json!({"own": "a"}));
    assert_eq!(value["spec"]["project"], "default");
    assert_eq!(value["spec"]["destination"], json!({"server": "https://kubernetes.default.svc", "namespace": "other"}));
    assert_eq!(value["spec"]["source"], json!({"repoURL": "https://git.example/r", "path": "own"}));
}

#[test]
fn a_patch_adds_finalizers_and_never_changes_the_project() {
    let patch = "metadata:\n  finalizers: [example.com/mine]\nspec:\n  project: other\n  source: null\n  unknown: 1\n";
    let list = json!({"list": {"elements": [{"name": "a"}]}});
    let expansion = expanded(&set(true, json!([list]), json!({"templatePatch": patch})));
    let value = serde_json::to_value(expansion.applications().next().unwrap()).unwrap();
    assert_eq!(value["metadata"]["finalizers"], json!(["example.com/mine", "resources-finalizer.argocd.argoproj.io"]));
    assert_eq!(
        value["spec"],
        json!({"project": "default", "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}})
    );
}

#[test]
fn pull_requests_and_plugins_give_parameters() {
    let pulls =
        json!({"pullRequest": {"filters": [{"branchMatch": "^feature/"}], "github": {"owner": "o", "repo": "r"}}});
    let plugin = json!({"plugin": {"configMapRef": {"name": "p"}, "input": {"parameters": {"asked": "x"}}}});
    let expansion = generate(&set(true, json!([pulls, plugin]), json!({})), &world(), &Settings::new("argocd"));
    let pull = &expansion.generators[0].parameters;
    assert_eq!(pull.len(), 1);
    assert_eq!(pull[0]["branch_slug"], "feature-add-login-and-more");
    assert_eq!((&pull[0]["number"], &pull[0]["head_short_sha_7"]), (&json!("7"), &json!("0123456")));
    assert_eq!(pull[0]["labels"], json!(["preview"]));
    let answer = &expansion.generators[1].parameters[0];
    assert_eq!(answer["generator"], json!({"input": {"parameters": {"asked": "x"}}}));
    assert_eq!(answer["of"], json!({"list": [1.0]}));
}

#[test]
fn functions_of_templates_are_those_of_argo_cd() {
    let text = |template: &str| {
        let list = json!({"list": {"elements": [{"name": "a", "map": {"k": [1, "x"]}}]}});
        let more = json!({"template": {"metadata": {"name": template}, "spec": {}}});
        let expansion = expanded(&set(true, json!([list]), more));
        names(&expansion).first().map_or_else(|| expansion.problems()[0].1.clone(), |name| (*name).to_owned())
    };
    assert_eq!(text("{{ normalize \"A_b/c.\" }}"), "a-b-c");
    assert_eq!(text("{{ slugify \"a very long name\" }}"), "a-very-long-name");
    assert_eq!(text("{{ slugify 8 true \"a very long name\" }}"), "a-very");
    assert_eq!(text("{{ slugify 8 false \"a very long name\" }}"), "a-very-l");
    assert_eq!(text("{{ toYaml .map }}"), "k:\n- 1\n- x");
    assert_eq!(text("{{ (fromYaml \"a: {b: 1}\").a.b }}"), "1");
    assert_eq!(text("{{ index (fromYamlArray \"[x, y, z]\") 2 }}"), "z");
    assert_eq!(text("{{ tpl \"{{ .name }}\" . }}"), "a");
    for refused in ["env \"HOME\"", "expandenv \"$HOME\"", "getHostByName \"x\"", "include \"x\" .", "required \"m\" 1"]
    {
        assert!(text(&format!("{{{{ {refused} }}}}")).contains("not defined"), "{refused}");
    }
    assert!(text("{{ fromYaml \"[1]\" }}").contains("not a map"));
    let large = text("{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}");
    assert!(large.contains("bytes allowed"), "{large}");
    let long =
        text("{{ $all := until 1000 }}{{ range $all }}{{ range $all }}{{ range $all }}{{ end }}{{ end }}{{ end }}");
    assert!(long.contains("steps allowed"), "{long}");
}

#[test]
fn a_template_that_changes_its_parameters_changes_them_for_itself() {
    let list = json!({"list": {"elements": [{"name": "a"}]}});
    let more = json!({"template": {
        "metadata": {"name": "{{ $_ := set . \"x\" (dict \"y\" \"z\") }}{{ .x.y }}", "labels": {"has": "{{ hasKey . \"x\" }}"}},
        "spec": {},
    }});
    let expansion = expanded(&set(true, json!([list]), more));
    let value = serde_json::to_value(expansion.applications().next().unwrap()).unwrap();
    assert_eq!((&value["metadata"]["name"], &value["metadata"]["labels"]["has"]), (&json!("z"), &json!("false")));
}
