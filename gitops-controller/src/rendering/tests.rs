use gitops_core::Reveal;
use gitops_core::api::{AppProject, ApplicationSource};
use gitops_core::secret::{DigestKey, Purpose};
use gitops_fixtures::{TestRepository, config_map};
use gitops_git::{FetchOptions, RepositoryCache};

use super::*;
use crate::resolve::resolve;

struct Place {
    directory: tempfile::TempDir,
    surroundings: Surroundings,
}

fn place(source_repos: &[&str]) -> Place {
    let directory = tempfile::tempdir().unwrap();
    let mut project = AppProject::new("default", Some("argocd".into()));
    project.spec.source_repos = Some(source_repos.iter().map(|pattern| (*pattern).into()).collect());
    let mut surroundings = Surroundings::none(Project::new(project));
    surroundings.fetcher = Some(Fetcher::new(directory.path()));
    surroundings.memo = Some(MemoDirectory::new(directory.path().join("memo")));
    Place { directory, surroundings }
}

fn application(repository: &TestRepository, path: &str) -> Application {
    let mut application = Application::new("shop", Some("argocd".into()));
    let mut source = ApplicationSource::new(repository.url());
    source.path = Some(path.into());
    application.spec.source = Some(source);
    application
}

fn render_at(place: &Place, application: &Application, revision: &str) -> Result<Rendering, RenderingError> {
    let cache = RepositoryCache::new(place.directory.path().join("repositories"));
    let resolved = resolve(application, Some(revision), &cache, &FetchOptions::new(), None).unwrap();
    let mut inputs = Inputs::new("shop");
    inputs.digest_key = DigestKey::new([7; 32]);
    render(application, &resolved, &inputs, &place.surroundings)
}

fn text(error: &RenderingError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

fn web(value: &str) -> String {
    config_map("web").data("colour", value).to_yaml()
}

#[test]
fn an_unchanged_source_is_not_rendered_again() {
    let place = place(&[]);
    let mut repository = TestRepository::new().unwrap();
    let kustomization = "resources: [web.yaml]\nsecretGenerator:\n- name: s\n  literals: [password=canary]\n";
    repository.commit([("app/kustomization.yaml", kustomization), ("app/web.yaml", &web("blue"))]).unwrap();
    let application = application(&repository, "app");
    let first = render_at(&place, &application, "HEAD").unwrap();
    assert_eq!((first.recalled, first.objects.len()), (0, 2));
    let before = repository.commit([("other/web.yaml", web("green").as_str())]).unwrap();
    let second = render_at(&place, &application, "HEAD").unwrap();
    assert_eq!((second.recalled, &second.digest, &second.objects), (1, &first.digest, &first.objects));
    let secret = second.objects.iter().find(|manifest| manifest.object.is_secret()).unwrap();
    let whole = secret.object.reveal(&Reveal::granted(Purpose::RenderedOutput));
    assert_eq!(whole["data"]["password"], "Y2FuYXJ5");
    repository.commit([("app/web.yaml", web("red").as_str())]).unwrap();
    assert_eq!(render_at(&place, &application, "HEAD").unwrap().recalled, 0);
    assert_eq!(
        render_at(&place, &application, &before.id.to_string()).unwrap().recalled,
        1,
        "the state before is known still"
    );
    assert_no_file_has(place.directory.path(), &[b"canary", b"Y2FuYXJ5", b"kustomization"]);
}

fn assert_no_file_has(directory: &std::path::Path, needles: &[&[u8]]) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_file_has(&path, needles);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for needle in needles {
            assert!(!bytes.windows(needle.len()).any(|window| window == *needle), "{}", path.display());
        }
    }
}

#[test]
fn a_remote_base_is_what_its_project_allows() {
    let mut bases = TestRepository::new().unwrap();
    let first = bases
        .commit([
            ("web/kustomization.yaml", "resources: [../common/web.yaml, a.yaml]\n"),
            ("web/a.yaml", "kind: Kind\n"),
        ])
        .unwrap();
    bases.tag("v1", first.id).unwrap();
    let mut repository = TestRepository::new().unwrap();
    let base = format!("resources: ['{}//web?ref=v1']\nnamePrefix: prod-\n", bases.url());
    repository.commit([("app/kustomization.yaml", base.as_str())]).unwrap();
    let application = application(&repository, "app");

    let refused = text(&render_at(&place(&["*"]), &application, "HEAD").unwrap_err());
    let expected =
        format!("the AppProject `default` does not allow it; `{}` in its `spec.sourceRepos` would", bases.url());
    assert!(refused.ends_with(&expected), "{refused}");
    let mut nothing = place(&[]);
    nothing.surroundings.fetcher = None;
    let refused = text(&render_at(&nothing, &application, "HEAD").unwrap_err());
    assert!(refused.ends_with("@v1, and nothing is fetched here"), "{refused}");

    let allowed = place(&[&bases.url()]);
    let outside = text(&render_at(&allowed, &application, "HEAD").unwrap_err());
    let expected =
        format!("{}@v1//web/kustomization.yaml:1: resources[0]: `../common/web.yaml` does not exist", bases.url());
    assert!(outside.contains(&expected), "{outside}");
}

#[test]
fn remote_bases_are_rendered_pinned_and_remembered() {
    let mut bases = TestRepository::new().unwrap();
    let files = [
        ("web/kustomization.yaml", "resources: [../common]\n"),
        ("common/kustomization.yaml", "resources: [web.yaml]\n"),
    ];
    bases.commit(files).unwrap();
    let one = bases.commit([("common/web.yaml", web("blue").as_str())]).unwrap();
    let mut repository = TestRepository::new().unwrap();
    let base = format!("resources: ['{}//web?ref=main']\nnamePrefix: prod-\n", bases.url());
    repository.commit([("app/kustomization.yaml", base.as_str())]).unwrap();
    let application = application(&repository, "app");
    let mut place = place(&[&bases.url()]);
    let colour = |place: &Place| {
        let rendering = render_at(place, &application, "HEAD").unwrap();
        let object = &rendering.objects[0].object;
        assert_eq!(object.name(), "prod-web");
        (object.text(&["data", "colour"]).unwrap().to_owned(), rendering.recalled)
    };
    assert_eq!(colour(&place), ("blue".into(), 0));
    assert_eq!(colour(&place), ("blue".into(), 1));
    bases.commit([("common/web.yaml", web("red").as_str())]).unwrap();
    assert_eq!(colour(&place), ("red".into(), 0), "the branch has moved");

    place.surroundings.lock = LockMode::Locked;
    let refused = text(&render_at(&place, &application, "HEAD").unwrap_err());
    assert!(refused.ends_with("is not in `gitops.lock`, and only what is there may be used"), "{refused}");
    let lock = format!("version 1\nrepository {} main {}\n", bases.url(), one.id);
    repository.commit([("app/gitops.lock", lock.as_str())]).unwrap();
    assert_eq!(colour(&place), ("blue".into(), 0), "a file came into the source's directory");
    assert_eq!(colour(&place), ("blue".into(), 1));
    repository.commit([("app/gitops.lock", "version 1\nnonsense\n")]).unwrap();
    let refused = text(&render_at(&place, &application, "HEAD").unwrap_err());
    assert!(refused.contains("app/gitops.lock:2: expected `chart …`"), "{refused}");
}

#[test]
fn remote_bases_neither_leave_their_tree_nor_lead_back() {
    let mut bases = TestRepository::new().unwrap();
    let url = bases.url();
    let circle = format!("resources: ['{url}//b']\n");
    let back = format!("resources: ['{url}//a']\n");
    bases
        .commit([
            ("out/kustomization.yaml", "resources: [../../app]\n"),
            ("a/kustomization.yaml", circle.as_str()),
            ("b/kustomization.yaml", back.as_str()),
            ("real/kustomization.yaml", "resources: [link.yaml]\n"),
        ])
        .unwrap();
    bases.link("real/link.yaml", "../../app/web.yaml").unwrap();
    let mut repository = TestRepository::new().unwrap();
    let place = place(&[&url]);
    let mut error = |path: &str| {
        let base = format!("resources: ['{url}//{path}']\n");
        repository.commit([("app/kustomization.yaml", base.as_str()), ("app/web.yaml", web(path).as_str())]).unwrap();
        text(&render_at(&place, &application(&repository, "app"), "HEAD").unwrap_err())
    };
    assert!(error("out").contains("`../../app` leads outside the repository"), "{}", error("out/."));
    let circle = error("a");
    assert!(circle.contains("the kustomization leads back to itself: app -> "), "{circle}");
    let link = error("real");
    assert!(link.contains("the symbolic link points outside the repository"), "{link}");
    let missing = error("rael");
    assert!(missing.contains("does not exist; nearest: `real`"), "{missing}");
}

#[test]
fn what_a_kustomization_names_is_asked_for_at_once() {
    let mut repository = TestRepository::new().unwrap();
    let base =
        "resources: ['https://a.example/x//y', 'https://a.example/z.yaml']\ncomponents: ['ssh://git@b.example/x/y']\n";
    repository.commit([("app/kustomization.yaml", base)]).unwrap();
    let mut place = place(&[]);
    place.surroundings.fetcher = None;
    let refused = text(&render_at(&place, &application(&repository, "app"), "HEAD").unwrap_err());
    let expected = "it needs https://a.example/x, https://a.example/z.yaml, ssh://git@b.example/x/y, and nothing";
    assert!(refused.contains(expected), "{refused}");
}
