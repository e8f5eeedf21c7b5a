//! Services on this machine, with answers in the form of the real ones' documentation.

use gitops_core::api::{PullRequestGitLab, PullRequestGitea, PullRequestGithub, ScmGitea, ScmGithub, ScmGitlab};
use gitops_core::secret::Secret;
use gitops_fixtures::WebServer;
use serde_json::{Value, json};

use super::*;
use crate::appset::{PullRequest, ScmRepository};

fn access() -> Access {
    Access { token: Some(Secret::new("canary".to_owned())), ..Access::default() }
}

fn serve(server: &WebServer, path: &str, value: &Value) {
    server.set(path, 200, value.to_string().as_bytes());
}

/// Refuses everybody without the token.
fn guarded(header: &str, value: &str) -> WebServer {
    let server = WebServer::start().unwrap();
    server.guard_with("", header, value);
    server
}

fn of<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn shown(found: &[ScmRepository]) -> Vec<String> {
    let one = |one: &ScmRepository| {
        let ScmRepository { organization, repository, repository_id, url, branch, sha, labels } = one;
        format!("{organization}/{repository} {repository_id} {url} {branch}@{sha} {}", labels.join("+"))
    };
    found.iter().map(one).collect()
}

#[test]
fn github_tells_its_repositories_page_by_page() {
    let server = guarded("authorization", "Bearer canary");
    let repository = |id: u64, name: &str, archived: bool| {
        json!({"id": id, "name": name, "owner": {"login": "team"}, "archived": archived, "default_branch": "main",
               "ssh_url": format!("git@host:team/{name}.git"), "clone_url": format!("https://host/team/{name}.git"),
               "topics": ["a", "b"]})
    };
    let first = "api/v3/orgs/team/repos?per_page=100";
    serve(&server, first, &json!([repository(1, "web", false), repository(2, "old", true)]));
    server.link(
        first,
        &format!("<{}>; rel=\"next\", <x>; rel=\"last\"", server.url("api/v3/orgs/team/repos?per_page=100&page=2")),
    );
    serve(&server, "api/v3/orgs/team/repos?per_page=100&page=2", &json!([repository(3, "empty", false)]));
    serve(&server, "api/v3/repos/team/web/branches/main", &json!({"name": "main", "commit": {"sha": "abc"}}));
    serve(&server, "api/v3/repos/team/web/contents/deploy/base?ref=main", &json!([]));
    let service = Github::new(Some(&server.url("")), &access()).unwrap();
    let organization: ScmGithub = of(json!({"organization": "team", "excludeArchivedRepos": true}));
    let found = service.repositories(&organization, Some("https")).unwrap();
    assert_eq!(shown(&found), ["team/web 1 https://host/team/web.git main@abc a+b"]);
    assert!(service.has_path(&found[0], "deploy/base").unwrap());
    assert!(!service.has_path(&found[0], "none").unwrap());
    let error = service.repositories(&organization, Some("ftp")).unwrap_err();
    assert!(error.to_string().contains("`ftp`"), "{error}");
    let missing: ScmGithub = of(json!({"organization": "nobody"}));
    assert!(service.repositories(&missing, None).is_err(), "an organization that is not there is not an empty one");
    let nobody = Github::new(Some(&server.url("")), &Access::default()).unwrap();
    let refused = nobody.repositories(&organization, None).unwrap_err();
    assert!(refused.to_string().contains("status code 401"), "{refused}");
}

#[test]
fn github_tells_pull_requests_with_all_labels() {
    let server = guarded("authorization", "Bearer canary");
    let pull = |number: u64, labels: &[&str]| {
        let labels: Vec<Value> = labels.iter().map(|name| json!({ "name": name })).collect();
        json!({"number": number, "title": "t", "labels": labels, "user": {"login": "alice"},
               "head": {"ref": "fix/it", "sha": "abc"}, "base": {"ref": "main"}})
    };
    let path = "api/v3/repos/team/web/pulls?per_page=100";
    serve(&server, path, &json!([pull(1, &["preview", "big"]), pull(2, &["big"])]));
    let service = Github::new(Some(&server.url("")), &access()).unwrap();
    let asked: PullRequestGithub = of(json!({"owner": "team", "repo": "web", "labels": ["preview"]}));
    let expected = PullRequest {
        number: 1,
        title: "t".into(),
        branch: "fix/it".into(),
        target_branch: "main".into(),
        head_sha: "abc".into(),
        labels: vec!["preview".into(), "big".into()],
        author: "alice".into(),
    };
    assert_eq!(service.pull_requests(&asked).unwrap(), Some(vec![expected]));
    let missing: PullRequestGithub = of(json!({"owner": "team", "repo": "none"}));
    assert_eq!(service.pull_requests(&missing).unwrap(), None);
}

#[test]
fn gitlab_tells_projects_and_merge_requests() {
    let server = guarded("private-token", "canary");
    let projects = "api/v4/groups/team%2Fsub/projects?per_page=100&include_subgroups=true&with_shared=true&topic=";
    serve(
        &server,
        projects,
        &json!([{"id": 7, "path": "web", "namespace": {"full_path": "team/sub"}, "default_branch": "main",
                 "ssh_url_to_repo": "git@host:team/sub/web.git", "http_url_to_repo": "https://host/team/sub/web.git",
                 "topics": [], "tag_list": ["old"]}]),
    );
    let branch = |name: &str| json!({"name": name, "commit": {"id": format!("of-{name}")}});
    serve(&server, "api/v4/projects/7/repository/branches?per_page=100", &json!([branch("main"), branch("next")]));
    serve(&server, "api/v4/projects/7/repository/files/a%2Fb.yaml?ref=main", &json!({}));
    serve(&server, "api/v4/projects/7/repository/tree?path=a&ref=main", &json!([{"name": "b.yaml"}]));
    serve(&server, "api/v4/projects/7/repository/tree?path=none&ref=main", &json!([]));
    let service = Gitlab::new(Some(&server.url("")), &access()).unwrap();
    let group: ScmGitlab = of(json!({"group": "team/sub", "includeSubgroups": true, "allBranches": true}));
    let found = service.repositories(&group, None).unwrap();
    let line = |branch: &str| format!("team/sub/web 7 git@host:team/sub/web.git {branch}@of-{branch} old");
    assert_eq!(shown(&found), [line("main"), line("next")]);
    let has = |path: &str| service.has_path(&found[0], path).unwrap();
    assert!(has("a/b.yaml") && has("a") && !has("none") && !has("nowhere"));

    let merges = "api/v4/projects/7/merge_requests?per_page=100&labels=preview&state=opened";
    serve(
        &server,
        merges,
        &json!([{"iid": 4, "title": "t", "source_branch": "fix", "target_branch": "main", "sha": "abc",
                 "labels": ["preview"], "author": {"username": "bob"}}]),
    );
    let asked: PullRequestGitLab = of(json!({"project": "7", "labels": ["preview"], "pullRequestState": "opened"}));
    let found = service.pull_requests(&asked).unwrap().unwrap();
    assert_eq!((found.len(), found[0].number, found[0].author.as_str()), (1, 4, "bob"));
}

#[test]
fn gitea_tells_every_page() {
    let server = guarded("authorization", "token canary");
    let repository = |id: u64, name: &str| {
        json!({"id": id, "name": name, "default_branch": "main", "ssh_url": format!("git@host:team/{name}.git"),
               "html_url": format!("https://host/team/{name}")})
    };
    let path = "api/v1/orgs/team/repos";
    serve(&server, path, &json!([repository(1, "web")]));
    server.link(path, &format!("<{}>; rel=\"next\"", server.url("api/v1/orgs/team/repos?page=2")));
    serve(&server, "api/v1/orgs/team/repos?page=2", &json!([repository(2, "shop")]));
    for name in ["web", "shop"] {
        serve(&server, &format!("api/v1/repos/team/{name}/labels"), &json!([{"name": "l"}]));
        let branch = json!({"name": "main", "commit": {"id": "abc"}});
        serve(&server, &format!("api/v1/repos/team/{name}/branches/main"), &branch);
    }
    let service = Gitea::new(&server.url(""), &access()).unwrap();
    let organization: ScmGitea = of(json!({"owner": "team", "api": ""}));
    let found = service.repositories(&organization, Some("https")).unwrap();
    let expected = ["team/web 1 https://host/team/web main@abc l", "team/shop 2 https://host/team/shop main@abc l"];
    assert_eq!(shown(&found), expected);
    serve(
        &server,
        "api/v1/repos/team/web/pulls?state=open",
        &json!([{"number": 9, "title": "t", "labels": [], "user": {"login": "eve"},
                 "head": {"ref": "fix", "sha": "abc"}, "base": {"ref": "main"}}]),
    );
    let asked: PullRequestGitea = of(json!({"owner": "team", "repo": "web", "api": ""}));
    assert_eq!(service.pull_requests(&asked).unwrap().unwrap()[0].number, 9);
}

#[test]
fn a_plugin_is_told_who_asks_what() {
    let server = guarded("authorization", "Bearer canary");
    let path = "api/v1/getparams.execute";
    serve(&server, path, &json!({"output": {"parameters": [{"name": "a", "n": 1}]}}));
    let plugin = Plugin::new(&server.url(""), &access()).unwrap();
    let input = json!({"kind": "x"}).as_object().unwrap().clone();
    let found = plugin.parameters("set", &input).unwrap();
    assert_eq!(json!(found), json!([{"name": "a", "n": 1}]));
    let sent: Value = serde_json::from_slice(&server.sent(path)).unwrap();
    assert_eq!(sent, json!({"applicationSetName": "set", "input": {"parameters": {"kind": "x"}}}));
    for (answer, is_empty_list) in [(json!({"output": {"parameters": null}}), true), (json!({}), false)] {
        serve(&server, path, &answer);
        assert_eq!(plugin.parameters("set", &input).is_ok(), is_empty_list, "{answer}");
    }
    server.set(path, 500, b"{\"message\": \"out of order\"}");
    let error = plugin.parameters("set", &input).unwrap_err().to_string();
    assert!(error.ends_with("status code 500: out of order") && !error.contains("canary"), "{error}");
}

#[test]
fn nothing_leads_to_another_server() {
    let (server, other) = (guarded("authorization", "token canary"), WebServer::start().unwrap());
    let path = "api/v1/orgs/team/repos";
    serve(&server, path, &json!([]));
    server.link(path, &format!("<{}>; rel=\"next\"", other.url("api/v1/orgs/team/repos?page=2")));
    let service = Gitea::new(&server.url(""), &access()).unwrap();
    let organization: ScmGitea = of(json!({"owner": "team", "api": ""}));
    let incomplete = service.repositories(&organization, None).unwrap_err().to_string();
    assert!(incomplete.contains("status code 404"), "{incomplete}");
    serve(&server, "api/v1/orgs/team/repos?page=2", &json!([]));
    assert!(service.repositories(&organization, None).unwrap().is_empty());
    server.set(path, 302, other.url("elsewhere").as_bytes());
    assert!(service.repositories(&organization, None).is_err());
    assert!(other.asked().is_empty());
    for address in ["file:///etc", "no address", "mailto:a@b"] {
        assert!(Gitea::new(address, &access()).is_err(), "{address}");
    }
}
