use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gitops_core::api::{ApplicationSource, KustomizeSource};
use gitops_core::secret::DigestKey;
use gitops_core::tree::{EntryKind, MemoryTree, RecordingTree, TreePath};
use proptest::prelude::*;

use super::*;
use crate::{Outcome, render};

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

fn source(path: &str) -> ApplicationSource {
    let mut source = ApplicationSource::new("https://example.com/x.git");
    source.path = Some(path.into());
    source
}

fn rendered(tree: &MemoryTree, source: &ApplicationSource, inputs: &Inputs) -> Result<Rendered, String> {
    match render(Arc::new(tree.clone()), source, inputs, &Limits::default()).map_err(|error| error.to_string())? {
        Outcome::Done(rendered) => Ok(rendered),
        Outcome::Needs(needs) => Err(format!("{needs:?}")),
    }
}

fn shop() -> MemoryTree {
    MemoryTree::new()
        .with_file(
            "base/kustomization.yaml",
            "resources: [web.yaml]\nsecretGenerator:\n- name: s\n  literals: [a=canary]\n",
        )
        .with_file("base/web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {n: '1.0'}\n")
        .with_file("prod/kustomization.yaml", "namePrefix: prod-\nresources: [../base]\n")
        .with_file("other/a.yaml", "a: 1\n")
}

#[test]
fn a_result_is_given_again_while_its_reads_hold() {
    let store = InMemory::default();
    let memo = Memo::new(&store, "1");
    let (tree, source, limits) = (shop(), source("prod"), Limits::default());
    let mut inputs = Inputs::new("shop");
    inputs.digest_key = DigestKey::new([1; 32]);
    let recall = |memo: &Memo<'_>, tree: &MemoryTree, inputs: &Inputs| {
        memo.recall(tree, &source, inputs, &limits, &mut |_| panic!("nothing is elsewhere"))
    };
    assert!(recall(&memo, &tree, &inputs).is_none());
    let first = rendered(&tree, &source, &inputs).unwrap();
    memo.keep(&source, &inputs, &limits, &first);
    let next = tree.clone().with_file("other/a.yaml", "a: 2\n").with_file("base/unused.yaml", "x");
    inputs.revision = "another commit".into();
    let again = recall(&memo, &next, &inputs).unwrap();
    assert_eq!((&again.objects, &again.digest, &again.reads), (&first.objects, &first.digest, &first.reads));
    assert_eq!((&again.warnings, &again.source_type), (&first.warnings, &first.source_type));

    assert!(recall(&memo, &tree.clone().with_file("base/web.yaml", ""), &inputs).is_none());
    assert!(
        recall(&memo, &tree.clone().with_file("prod/kustomization.yml", ""), &inputs).is_none(),
        "a miss is a read"
    );
    assert!(recall(&Memo::new(&store, "2"), &tree, &inputs).is_none());
    let mut others = inputs.clone();
    others.namespace = "elsewhere".into();
    assert!(recall(&memo, &tree, &others).is_none());
    let mut others = inputs.clone();
    others.managed_by_label = true;
    assert!(recall(&memo, &tree, &others).is_none());
    let mut others = inputs.clone();
    others.digest_key = DigestKey::new([2; 32]);
    assert!(recall(&memo, &tree, &others).is_none());
}

#[test]
fn earlier_states_are_known_still() {
    let store = InMemory::default();
    let (memo, source, inputs, limits) =
        (Memo::new(&store, "1"), source("prod"), Inputs::new("shop"), Limits::default());
    let state = |number: usize| {
        shop().with_file("prod/kustomization.yaml", format!("namePrefix: a{number}-\nresources: [../base]\n"))
    };
    for number in 0..=MAX_KNOWN {
        memo.keep(&source, &inputs, &limits, &rendered(&state(number), &source, &inputs).unwrap());
    }
    let known = |number| memo.recall(&state(number), &source, &inputs, &limits, &mut |_| true).is_some();
    assert!(!known(0) && (1..=MAX_KNOWN).all(known));
    // What is used stays.
    memo.keep(&source, &inputs, &limits, &rendered(&state(99), &source, &inputs).unwrap());
    assert!(known(MAX_KNOWN) && !known(1));
}

#[test]
fn a_result_that_names_the_commit_is_of_that_commit() {
    let store = InMemory::default();
    let (memo, tree, limits) = (Memo::new(&store, "1"), shop(), Limits::default());
    let mut source = source("prod");
    let mut options = KustomizeSource::default();
    options.common_annotations = Some([("commit".to_owned(), "$ARGOCD_APP_REVISION".to_owned())].into());
    options.common_annotations_envsubst = Some(true);
    source.kustomize = Some(Box::new(options));
    let mut inputs = Inputs::new("shop");
    inputs.revision = "one".into();
    let first = rendered(&tree, &source, &inputs).unwrap();
    assert!(first.names_revision);
    memo.keep(&source, &inputs, &limits, &first);
    let known = |inputs: &Inputs| memo.recall(&tree, &source, inputs, &limits, &mut |_| true).is_some();
    assert!(known(&inputs));
    inputs.revision = "two".into();
    assert!(!known(&inputs));
}

#[test]
fn what_lies_elsewhere_must_be_as_it_was() {
    let store = InMemory::default();
    let (memo, source, limits) = (Memo::new(&store, "1"), source("prod"), Limits::default());
    let tree = MemoryTree::new().with_file("prod/kustomization.yaml", "resources: ['https://example.com/web.yaml']\n");
    let need = gitops_core::Need::File { url: "https://example.com/web.yaml".into() };
    let mut inputs = Inputs::new("shop");
    let file = Bytes::from_static(b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n");
    inputs.provided.insert(need.clone(), gitops_core::Answer::File(file.clone()));
    let first = rendered(&tree, &source, &inputs).unwrap();
    let pinned = vec![Pinned { need, pin: Digest::of(&file).to_string() }];
    assert_eq!(first.remotes, pinned);
    memo.keep(&source, &inputs, &limits, &first);
    let asked = Cell::new(0);
    let known = |answer: bool| {
        let mut still = |remotes: &[Pinned]| {
            asked.set(asked.get() + 1);
            remotes == pinned.as_slice() && answer
        };
        memo.recall(&tree, &source, &Inputs::new("shop"), &limits, &mut still).is_some()
    };
    assert!(known(true) && !known(false));
    assert_eq!(asked.get(), 2);
}

#[test]
fn what_cannot_be_read_is_a_miss() {
    let store = InMemory::default();
    let (memo, tree, source, inputs, limits) =
        (Memo::new(&store, "1"), shop(), source("prod"), Inputs::new("shop"), Limits::default());
    memo.keep(&source, &inputs, &limits, &rendered(&tree, &source, &inputs).unwrap());
    let known = || memo.recall(&tree, &source, &inputs, &limits, &mut |_| true).is_some();
    assert!(known());
    let entries = store.0.lock().unwrap().clone();
    for (key, bytes) in &entries {
        // A content that is JSON of the right form but not what was put.
        let forged = String::from_utf8_lossy(bytes).replace("prod-web", "prod-evil").replace("sha256:", "sha256:0");
        for content in ["", "[]", "{}", "null", &forged] {
            store.0.lock().unwrap().insert(key.clone(), content.to_owned().into());
            assert!(!known(), "{content}");
        }
        store.0.lock().unwrap().insert(key.clone(), bytes.clone());
    }
    assert!(known());
}

/// The names that a random tree is made of: few, so that edits meet what is read.
const NAMES: [&str; 6] = ["kustomization.yaml", "kustomization.yml", "a.yaml", "b.yaml", "base", "over"];

/// What a file may hold: kustomizations that name each other, manifests, and what is neither.
fn content(choice: u8) -> String {
    let manifest =
        |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{v: '{choice}'}}\n");
    match choice % 9 {
        0 => "resources: [a.yaml]\n".into(),
        1 => "resources: [a.yaml, ../base]\n".into(),
        2 => "namePrefix: p-\nresources: [../base]\n".into(),
        3 => "resources: [base]\nconfigMapGenerator:\n- name: g\n  files: [b.yaml]\n".into(),
        4 => manifest("x"),
        5 => manifest("y"),
        6 => "resources: [../over/base, b.yaml]\n".into(),
        7 => "resources: [a.yaml]\npatches:\n- path: b.yaml\n".into(),
        _ => "not: [yaml".into(),
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Write(u8, u8),
    Remove(u8),
    Link(u8, u8),
}

/// One of 36 + 6 paths, of up to three parts.
fn path(choice: u8) -> String {
    let (first, second, third) = (choice % 6, choice / 6 % 6, choice / 36 % 3);
    let name = |at: u8| NAMES[usize::from(at)];
    match third {
        0 => format!("{}/{}", name(4 + first % 2), name(second)),
        1 => format!("{}/{}/{}", name(4 + first % 2), name(4 + second % 2), name(first)),
        _ => name(second).into(),
    }
}

/// The files of a tree, by path; a link has its target.
type FileSet = BTreeMap<String, (bool, String)>;

fn apply(files: &mut FileSet, edit: &Edit) {
    let (path, content) = match edit {
        Edit::Write(at, choice) => (path(*at), Some((false, content(*choice)))),
        Edit::Link(at, to) => (path(*at), Some((true, format!("../{}", path(*to))))),
        Edit::Remove(at) => (path(*at), None),
    };
    // A file takes the place of a directory, and a directory that of a file.
    files.retain(|other, _| !other.starts_with(&format!("{path}/")) && !path.starts_with(&format!("{other}/")));
    match content {
        Some(content) => drop(files.insert(path, content)),
        None => drop(files.remove(&path)),
    }
}

fn tree_of(files: &FileSet) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, (link, content)) in files {
        let kind = if *link { EntryKind::Symlink } else { EntryKind::File };
        tree.insert(TreePath::new(path).unwrap(), kind, content.clone().into());
    }
    tree
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        6 => (any::<u8>(), any::<u8>()).prop_map(|(at, choice)| Edit::Write(at, choice)),
        3 => any::<u8>().prop_map(Edit::Remove),
        1 => (any::<u8>(), any::<u8>()).prop_map(|(at, to)| Edit::Link(at, to)),
    ]
}

/// What a render comes to, in a form that can be compared; and the reads, of a failed one as well.
fn outcome(tree: &MemoryTree, source: &ApplicationSource) -> (Result<Digest, String>, ReadSetOf) {
    let recording = Arc::new(RecordingTree::new(Arc::new(tree.clone())));
    let rendered = render(recording.clone(), source, &Inputs::new("app"), &Limits::default());
    let result = match rendered {
        Ok(Outcome::Done(rendered)) => Ok(rendered.digest),
        Ok(Outcome::Needs(needs)) => Err(format!("{needs:?}")),
        Err(error) => Err(error.to_string()),
    };
    (result, recording.reads())
}

type ReadSetOf = gitops_core::tree::ReadSet;

proptest! {
    // 100 histories of 100 edits.
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_edit_leaves_a_stale_result(edits in proptest::collection::vec(edit(), 100)) {
        let store = InMemory::default();
        let memo = Memo::new(&store, "1");
        let (inputs, limits) = (Inputs::new("app"), Limits::default());
        let mut files = FileSet::new();
        for choice in [0, 6, 2, 12, 40, 44] {
            apply(&mut files, &Edit::Write(choice, choice));
        }
        let sources = [source("base"), source("over"), source("base/over"), source("over/base")];
        let mut affected = Affected::new();
        let mut results = Vec::new();
        for (user, source) in sources.iter().enumerate() {
            let (result, reads) = outcome(&tree_of(&files), source);
            affected.insert(user, &reads);
            results.push(result);
        }
        for edit in &edits {
            let before = files.clone();
            apply(&mut files, edit);
            let all: BTreeSet<&String> = before.keys().chain(files.keys()).collect();
            let changed: Vec<TreePath> = all
                .into_iter()
                .filter(|path| before.get(*path) != files.get(*path))
                .map(|path| TreePath::new(path).unwrap())
                .collect();
            let tree = tree_of(&files);
            let touched = affected.by(&changed, &tree).unwrap();
            for (user, source) in sources.iter().enumerate() {
                let (fresh, reads) = outcome(&tree, source);
                prop_assert!(touched.contains(&user) || fresh == results[user], "{source:?} after {edit:?}");
                // Every touched one has an answer that is another now.
                prop_assert_eq!(touched.contains(&user), changed_reads(&affected, user, &reads));
                if let Some(known) = memo.recall(&tree, source, &inputs, &limits, &mut |_| true) {
                    prop_assert_eq!(Ok(&known.digest), fresh.as_ref());
                } else if let Ok(Outcome::Done(rendered)) = render(Arc::new(tree.clone()), source, &inputs, &limits) {
                    memo.keep(source, &inputs, &limits, &rendered);
                }
                results[user] = fresh;
                affected.insert(user, &reads);
            }
        }
    }
}

/// Whether a user's recorded reads are other ones than these.
fn changed_reads(affected: &Affected<usize>, user: usize, reads: &ReadSetOf) -> bool {
    affected.reads_of(&user)
        != reads.iter().map(|(path, read)| (path.clone(), read.clone())).collect::<BTreeMap<_, _>>()
}
