//! Repositories that are hostile, unreachable, slow or rewritten, beside good ones.

use std::path::Path;
use std::time::{Duration, Instant};

use gitops_fixtures::{GitBehaviour, GitServer, TestRepository};
use serde_json::Value;

use crate::bench::until;
use crate::ground::{Ground, commit, ground, settings};
use crate::wall::{Wall, Way, nobody};

/// How long a commit of a good repository may take to the cluster: its poll, and fetching, rendering and writing beside other
/// tests. A server that does not answer is waited for longer than that.
const GOOD: Duration = Duration::from_secs(10);
/// How long a bad repository may take to say what is wrong with it: Argo CD waits for 15 s for a server's refs.
const BAD: Duration = Duration::from_secs(15 + 10);

/// A chart whose templates have no end.
const ENDLESS: [(&str, &str); 3] = [
    ("app/Chart.yaml", "apiVersion: v2\nname: endless\nversion: 1.0.0\n"),
    ("app/templates/_helpers.tpl", "{{ define \"more\" }}{{ include \"more\" . }}{{ include \"more\" . }}{{ end }}"),
    ("app/templates/a.yaml", "{{ include \"more\" . }}"),
];
/// One that counts for ever.
const COUNTING: [(&str, &str); 2] = [
    ("app/Chart.yaml", "apiVersion: v2\nname: counting\nversion: 1.0.0\n"),
    ("app/templates/a.yaml", "{{ range until 1000000 }}{{ range until 1000000 }}{{ end }}{{ end }}"),
];

/// An Application, the words of its condition, and what it was made of.
struct Bad {
    name: &'static str,
    words: &'static str,
    repository: TestRepository,
}

fn bad(name: &'static str, words: &'static str, files: &[(&str, &str)]) -> Bad {
    let mut repository = TestRepository::new().unwrap();
    repository.commit(files.iter().copied()).unwrap();
    Bad { name, words, repository }
}

/// Aliases of aliases: 10 to the power of 9 values.
fn bomb() -> String {
    let mut text = settings("blue") + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    text
}

/// About 50 MiB of objects, in eight files.
fn of_many(name: &'static str, words: &'static str, objects: usize, kustomization: &str) -> Bad {
    let filler = "x".repeat((50 << 20) / objects - 100);
    let object = |index: usize| {
        format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{index}\ndata:\n  colour: {filler}\n"
        )
    };
    let part = objects / 8;
    let file = |number: usize| {
        let text = (number * part..(number + 1) * part).map(object).collect::<String>();
        (format!("app/{number}.yaml"), text)
    };
    let mut files: Vec<(String, String)> = (0..8).map(file).collect();
    if !kustomization.is_empty() {
        files.push(("app/kustomization.yaml".into(), kustomization.into()));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    bad(name, words, &files)
}

fn hostile() -> Vec<Bad> {
    let all = "resources: [0.yaml, 1.yaml, 2.yaml, 3.yaml, 4.yaml, 5.yaml, 6.yaml, 7.yaml]";
    let large = format!("{}# {}\n", settings("blue"), "x".repeat(50 << 20));
    let mut links = bad("isolation-links", "points outside the repository", &[("app/more.yaml", "")]);
    links.repository.link("app/settings.yaml", "../../../../../../etc/hostname").unwrap();
    vec![
        bad("isolation-large", "more than the 10485760 allowed", &[("app/settings.yaml", large.as_str())]),
        of_many("isolation-many", "more than 20000 objects; divide the source", 200_000, ""),
        of_many("isolation-kustomized", "more than 20000 objects; divide the source", 200_000, all),
        of_many("isolation-bytes", "more than 10000000 bytes of manifests; divide the source", 800, ""),
        bad("isolation-endless", "nested reference name: more", &ENDLESS),
        bad("isolation-counting", "the template", &COUNTING),
        bad("isolation-bomb", "alias", &[("app/settings.yaml", bomb().as_str())]),
        links,
    ]
}

/// What an Application says is wrong with it.
fn says(status: &Value) -> String {
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let errors = conditions.filter(|one| one["type"] == "ComparisonError");
    errors.map(|one| one["message"].as_str().unwrap_or_default()).collect()
}

/// Serves a repository under a name; what was served under it before is gone, with its history.
fn serve(root: &Path, name: &str, repository: &TestRepository) {
    let (link, fresh) = (root.join(name), root.join("fresh"));
    std::os::unix::fs::symlink(repository.path().join(".git"), &fresh).unwrap();
    std::fs::rename(fresh, link).unwrap();
}

/// Commits to all repositories, and gives how long it took until the last one was in the cluster.
fn round(ground: &Ground, good: &mut [(&str, TestRepository)], colour: &str) -> Duration {
    let begun = Instant::now();
    for (_, repository) in good.iter_mut() {
        commit(repository, colour);
    }
    let names: Vec<&str> = good.iter().map(|(name, _)| *name).collect();
    ground.all_have(&names, colour);
    begun.elapsed()
}

#[test]
fn a_bad_repository_delays_no_other_and_says_what_is_wrong() {
    let Some(ground) = ground("isolation") else { return };
    let root = tempfile::tempdir().unwrap();
    let server = GitServer::start(root.path(), GitBehaviour::default()).unwrap();
    let host = server.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();

    let mut good = ["isolation-good", "isolation-fine", "isolation-served"].map(|name| {
        let mut repository = TestRepository::new().unwrap();
        commit(&mut repository, "blue");
        (name, repository)
    });
    serve(root.path(), "served.git", &good[2].1);
    let (mut first, mut second) = (TestRepository::new().unwrap(), TestRepository::new().unwrap());
    first.commit([("app/old.yaml", settings("blue").replace("settings", "old").as_str())]).unwrap();
    commit(&mut first, "blue");
    serve(root.path(), "rewritten.git", &first);

    // Fewer places than Applications that wait for one silent server.
    let operator = ground.operator(&["--poll", "2", "--parallel", "3"]);
    let addresses = [good[0].1.url(), good[1].1.url(), server.url("served.git")];
    ground.apply(good.iter().zip(&addresses).map(|((name, _), address)| ground.application(name, address)));
    ground.apply([ground.application("isolation-rewritten", &server.url("rewritten.git"))]);
    ground.all_have(&["isolation-good", "isolation-fine", "isolation-served", "isolation-rewritten"], "blue");
    let usual = round(&ground, &mut good, "green");

    let mut hostile = hostile();
    let (refused, silent, trickling) = (nobody(), Wall::at(0, Way::Silent), Wall::at(0, Way::Trickling));
    let waiting = ["isolation-silent-0", "isolation-silent-1", "isolation-silent-2", "isolation-silent-3"];
    let refused_at = format!("http://127.0.0.1:{refused}/served.git");
    let mut all: Vec<Value> = waiting.iter().map(|name| ground.application(name, &silent.url("served.git"))).collect();
    all.push(ground.application("isolation-trickling", &trickling.url("served.git")));
    all.push(ground.application("isolation-refused", &refused_at));
    all.push(ground.application("isolation-missing", &server.url("missing.git")));
    all.extend(hostile.iter().map(|one| ground.application(one.name, &one.repository.url())));
    let begun = Instant::now();
    ground.apply(all);

    let mut rounds = Vec::new();
    for colour in ["red", "yellow", "white", "black"] {
        let took = round(&ground, &mut good, colour);
        assert!(took < GOOD, "{took:?} in place of {usual:?}\n{}", operator.said());
        rounds.push(took);
    }
    let unreachable = [
        ("isolation-trickling", "the fetch took longer than 15 s"),
        ("isolation-refused", "the host cannot be reached"),
        ("isolation-missing", "the server has no such repository"),
    ];
    let slow = waiting.map(|name| (name, "the fetch took longer than 15 s"));
    let wanted: Vec<(&str, &str)> =
        hostile.iter().map(|one| (one.name, one.words)).chain(unreachable).chain(slow).collect();
    let mut seen = std::collections::BTreeMap::new();
    while seen.len() < wanted.len() && begun.elapsed() < BAD {
        let statuses = ground.statuses();
        for (name, _) in &wanted {
            let words = says(&statuses[*name]);
            if !words.is_empty() {
                seen.entry(*name).or_insert((begun.elapsed(), words));
            }
        }
    }
    let silent_ones: Vec<_> = wanted.iter().filter(|(name, _)| !seen.contains_key(name)).collect();
    assert!(silent_ones.is_empty(), "no word of {silent_ones:?} within {BAD:?}\n{}", operator.said());
    for (name, words) in &wanted {
        let (after, said) = &seen[name];
        eprintln!("{name} after {after:?}: {said}");
        assert!(said.contains(words), "{name}: {said}");
    }
    eprintln!("a commit took {usual:?} before, and {rounds:?} beside bad repositories");

    // Another history takes the place of the one that was deployed.
    commit(&mut second, "purple");
    serve(root.path(), "rewritten.git", &second);
    let begun = Instant::now();
    ground.all_have(&["isolation-rewritten"], "purple");
    assert!(begun.elapsed() < GOOD);
    let old = ["get", "--namespace", "isolation-rewritten", "configmap/old", "--ignore-not-found", "-o", "name"];
    until("what the new history does not have is gone", || ground.plane.kubectl(&old).unwrap().is_empty());

    // What is mended is well again.
    for one in &mut hostile {
        one.repository.remove(["app"]).unwrap();
        commit(&mut one.repository, "blue");
    }
    silent.set(Way::Open(host.clone()));
    trickling.set(Way::Open(host.clone()));
    let _open = Wall::at(refused, Way::Open(host));
    serve(root.path(), "missing.git", &good[0].1);
    until("all are well", || {
        let statuses = ground.statuses();
        let is_well =
            |name: &str| statuses[name]["sync"]["status"] == "Synced" && statuses[name]["conditions"].is_null();
        wanted.iter().all(|(name, _)| is_well(name))
    });
}
