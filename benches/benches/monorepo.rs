//! A repository of 2,000 Applications, each a base with an overlay, and a commit that changes one file of it.

#![expect(clippy::unwrap_used, reason = "a bench that cannot make its input fails")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use gitops_core::api::ApplicationSource;
use gitops_core::{Digest, MemoStore, Timestamp, Tree, TreePath};
use gitops_git::{Change, CommitDetails, CommitId, Person, Repository, RepositoryWriter};
use gitops_render::memo::{Affected, Memo};
use gitops_render::{Inputs, Limits, Outcome, Rendered, render};

const APPLICATIONS: usize = 2_000;
/// Applications that share a base.
const SHARED_BY: usize = 40;

struct Monorepo {
    _directory: tempfile::TempDir,
    repository: Repository,
    writer: RepositoryWriter,
    commits: i64,
}

impl Monorepo {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let writer = RepositoryWriter::init(directory.path(), "main").unwrap();
        let repository = Repository::open(directory.path()).unwrap();
        Self { _directory: directory, repository, writer, commits: 0 }
    }

    fn commit(&mut self, files: &[(String, String)]) -> CommitId {
        let write = |(path, text): &(String, String)| Change::write(TreePath::new(path).unwrap(), text.clone());
        let changes: Vec<Change> = files.iter().map(write).collect();
        self.commits += 1;
        let time = Timestamp::from_second(1_700_000_000 + self.commits).unwrap();
        let details =
            CommitDetails::new(Person::new("Ada", "ada@example.com"), time, format!("Commit {}", self.commits));
        self.writer.commit(&changes, &details).unwrap().id
    }

    fn tree(&self, commit: CommitId) -> Arc<dyn Tree> {
        self.repository.tree(commit).unwrap()
    }

    fn changed(&self, from: CommitId, to: CommitId) -> Vec<TreePath> {
        self.repository.changed_paths(from, to).unwrap().into_iter().map(|changed| changed.path).collect()
    }
}

fn deployment(replicas: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {replicas}\n  selector:\n    \
         matchLabels: {{app: web}}\n  template:\n    metadata:\n      labels: {{app: web}}\n    spec:\n      containers:\n      \
         - name: web\n        image: nginx:1.27\n        ports:\n        - containerPort: 80\n"
    )
}

/// Every Application has an overlay over its own base, which stands on one that it shares with others.
fn files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for group in 0..APPLICATIONS / SHARED_BY {
        let place = format!("shared/{group:03}");
        files.push((format!("{place}/kustomization.yaml"), "resources: [deployment.yaml]\n".into()));
        files.push((format!("{place}/deployment.yaml"), deployment(1)));
    }
    for number in 0..APPLICATIONS {
        let (place, group) = (format!("apps/{number:04}"), number / SHARED_BY);
        let base =
            format!("resources: [../../../shared/{group:03}, service.yaml]\nlabels:\n- pairs: {{app: a{number}}}\n");
        let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n";
        let overlay = format!(
            "resources: [../base]\nnamePrefix: a{number}-\nnamespace: team-{group}\nimages:\n- name: nginx\n  newTag: \"1.28\"\n\
             patches:\n- path: patch.yaml\nconfigMapGenerator:\n- name: settings\n  literals: [number={number}]\n"
        );
        let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n";
        files.push((format!("{place}/base/kustomization.yaml"), base));
        files.push((format!("{place}/base/service.yaml"), service.into()));
        files.push((format!("{place}/overlay/kustomization.yaml"), overlay));
        files.push((format!("{place}/overlay/patch.yaml"), patch.into()));
    }
    files
}

fn source(number: usize) -> ApplicationSource {
    let mut source = ApplicationSource::new("file:///bench");
    source.path = Some(format!("apps/{number:04}/overlay"));
    source
}

fn rendered(tree: &Arc<dyn Tree>, number: usize) -> Rendered {
    let inputs = Inputs::new(format!("a{number}"));
    match render(Arc::clone(tree), &source(number), &inputs, &Limits::default()).unwrap() {
        Outcome::Done(rendered) => rendered,
        Outcome::Needs(needs) => unreachable!("{needs:?}"),
    }
}

#[derive(Default)]
struct InMemory(Mutex<BTreeMap<String, Bytes>>);

impl MemoStore for InMemory {
    fn get(&self, key: &Digest) -> Option<Bytes> {
        self.0.lock().unwrap().get(key.as_str()).cloned()
    }

    fn put(&self, key: &Digest, bytes: &[u8]) {
        self.0.lock().unwrap().insert(key.to_string(), Bytes::copy_from_slice(bytes));
    }
}

fn monorepo(criterion: &mut Criterion) {
    let mut repository = Monorepo::new();
    let first = repository.commit(&files());
    let tree = repository.tree(first);
    let store = InMemory::default();
    let memo = Memo::new(&store, "bench");
    let mut affected = Affected::new();
    for number in 0..APPLICATIONS {
        let rendered = rendered(&tree, number);
        memo.keep(&source(number), &Inputs::new(format!("a{number}")), &Limits::default(), &rendered);
        affected.insert(number, &rendered.reads);
    }
    let one = repository.commit(&[("apps/0777/overlay/patch.yaml".into(), deployment(5))]);
    let shared = repository.commit(&[("shared/011/deployment.yaml".into(), deployment(7))]);
    let decide = |from, to| affected.by(&repository.changed(from, to), repository.tree(to).as_ref()).unwrap();
    assert_eq!(decide(first, one).into_iter().collect::<Vec<_>>(), [777]);
    let users: Vec<usize> = (11 * SHARED_BY..12 * SHARED_BY).collect();
    assert_eq!(decide(one, shared).into_iter().collect::<Vec<_>>(), users, "exactly the users of the base");

    let mut group = criterion.benchmark_group("monorepo of 2,000 Applications");
    group.sample_size(20);
    group.bench_function("decide whom a changed file affects", |bencher| bencher.iter(|| decide(first, one)));
    group.bench_function("decide whom a changed shared base affects", |bencher| bencher.iter(|| decide(one, shared)));
    group.bench_function("decide and render whom a changed file affects", |bencher| {
        bencher.iter(|| {
            let tree = repository.tree(one);
            for number in decide(first, one) {
                black_box(rendered(&tree, number));
            }
        });
    });
    group.bench_function("decide and render whom a changed shared base affects", |bencher| {
        bencher.iter(|| {
            let tree = repository.tree(shared);
            for number in decide(one, shared) {
                black_box(rendered(&tree, number));
            }
        });
    });
    group.bench_function("answer one that is not affected from the memo", |bencher| {
        let tree = repository.tree(one);
        let (source, inputs, limits) = (source(5), Inputs::new("a5"), Limits::default());
        bencher.iter(|| memo.recall(tree.as_ref(), &source, &inputs, &limits, &mut |_| true).unwrap());
    });
    group.finish();
}

criterion_group!(benches, monorepo);
criterion_main!(benches);
