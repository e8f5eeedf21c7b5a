//! Charts: values, subcharts, hooks; and charts that want to take more than they may.

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gitops_core::tree::{ArchiveLimits, EntryKind, MemoryTree, TreePath};
use gitops_render::Limits;
use gitops_render::helm::strvals::Setting;
use gitops_render::helm::{Chart, KubeVersion, OutputOptions, Release, ValueSources, render, write};
use gitops_template::{Fixed, Functions};
use proptest::prelude::*;

const CHART: &str = "apiVersion: v2\nname: top\nversion: 1.0.0\n";

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let start = MemoryTree::new().with_file("Chart.yaml", CHART);
    files.iter().fold(start, |tree, (name, text)| tree.with_file(name, (*text).to_owned()))
}

fn chart(tree: &MemoryTree) -> Result<Chart, String> {
    Chart::read(tree, &TreePath::root(), &Limits::default()).map_err(|error| error.to_string())
}

fn template(files: &[(&str, &str)], set: &[&str]) -> Result<String, String> {
    let mut sources = ValueSources::default();
    sources.settings.extend(set.iter().map(|text| Setting::Set((*text).to_owned())));
    let values = sources.merge(&mut |_| Err("no file".to_owned())).map_err(|error| error.to_string())?;
    let mut release = Release::new("rel", "ns", KubeVersion::default());
    release.limits.steps = 2_000_000;
    release.limits.output = 4 << 20;
    release.limits.depth = 500;
    let (functions, host) = (Functions::helm(), Fixed::new(1_700_000_000, 1));
    let rendered = render(&Arc::new(chart(&tree(files))?), &values, &release, &functions, &host);
    let mut options = OutputOptions::default();
    options.include_crds = true;
    rendered.and_then(|rendered| write(&rendered, &options)).map_err(|error| error.to_string())
}

#[test]
fn subcharts_get_their_values_and_globals() {
    let files = [
        (
            "Chart.yaml",
            "apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1.x, alias: other, condition: other.on}\n",
        ),
        ("values.yaml", "global: {colour: blue}\nother: {on: true, size: 2}\n"),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.2.3\n"),
        ("charts/sub/values.yaml", "size: 1\nshape: round\n"),
        (
            "charts/sub/templates/a.yaml",
            "a: {{ .Chart.Name }} {{ .Values.size }} {{ .Values.shape }} {{ .Values.global.colour }}\n",
        ),
    ];
    let expected = "---\n# Source: top/charts/other/templates/a.yaml\na: other 2 round blue\n";
    assert_eq!(template(&files, &[]), Ok(expected.to_owned()));
    assert_eq!(template(&files, &["other.on=false"]), Ok("\n".to_owned()));
    let expected = "---\n# Source: top/charts/other/templates/a.yaml\na: other 2  blue\n";
    assert_eq!(template(&files, &["other.shape=null"]), Ok(expected.to_owned()));
}

#[test]
fn charts_that_take_too_much_end_with_an_error() {
    let cases = [
        (
            "an include of itself",
            r#"{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}"#,
            "nested reference name",
        ),
        ("a template of itself", r#"{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}"#, "depth"),
        (
            "a text of itself",
            r#"{{ define "a" }}{{ tpl "{{ include \"a\" . }}" . }}{{ end }}{{ include "a" . }}"#,
            "times allowed",
        ),
        ("a long text", r#"{{ repeat 1000000000 "0123456789" }}"#, "bytes allowed"),
        ("doubled texts", r#"{{ $t := "0123456789" }}{{ range until 60 }}{{ $t = print $t $t }}{{ end }}"#, "allowed"),
        ("a long list", "{{ range until 1000000000 }}{{ end }}", "allowed"),
        ("a long count", "{{ range 1000000000 }}{{ end }}", "steps allowed"),
        ("a long sequence", "{{ seq 1 1000000000 }}", "allowed"),
        ("a wide print", r#"{{ printf "%1000000000d" 1 }}"#, ""),
        ("a deep indent", r#"{{ indent 1000000000 "a" }}"#, "allowed"),
        ("a long random text", "{{ randAlphaNum 1000000000 }}", "allowed"),
        ("a large regex", r#"{{ regexMatch "((a{1,100}){1,100}){1,100}" "aaa" }}"#, ""),
        ("a map in itself", r#"{{ $m := dict }}{{ $_ := set $m "m" $m }}{{ toYaml $m }}{{ printf "%v" $m }}"#, ""),
        ("a merge without end", r#"{{ range until 100000 }}{{ $_ := mergeOverwrite (dict) $.Values }}{{ end }}"#, ""),
    ];
    for (what, text, words) in cases {
        let start = Instant::now();
        let outcome = template(&[("templates/t.yaml", text)], &[]);
        assert!(start.elapsed() < Duration::from_secs(20), "{what} took {:?}", start.elapsed());
        if !words.is_empty() {
            let error = outcome.expect_err(what);
            assert!(error.contains(words), "{what}: {}", error.get(..300).unwrap_or(&error));
            assert!(error.contains("templates/t.yaml"), "{what} is not placed: {}", error.get(..300).unwrap_or(&error));
        }
    }
}

#[test]
fn links_that_lead_back_end_with_an_error() {
    let mut tree = tree(&[("templates/t.yaml", "a: 1\n")]);
    for name in ["templates/back", "templates/again"] {
        tree.insert(TreePath::new(name).unwrap(), EntryKind::Symlink, "../templates".into());
    }
    let error = chart(&tree).unwrap_err();
    assert!(error.contains("more than") || error.contains("link"), "{error}");
}

fn packed(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, data) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(data.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, *data).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_in_archives_share_one_budget() {
    let zeros = vec![0u8; 4 << 20];
    let inner: Vec<(String, Vec<u8>)> = (0..20).map(|number| (format!("bomb/{number}"), zeros.clone())).collect();
    let mut inner: Vec<(&str, &[u8])> = inner.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
    inner.push(("bomb/Chart.yaml", b"apiVersion: v2\nname: bomb\nversion: 1.0.0\n"));
    let bomb = packed(&inner);
    let names: Vec<String> = (0..20).map(|number| format!("top/charts/bomb-{number}.tgz")).collect();
    let mut outer: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bomb.as_slice())).collect();
    outer.push(("top/Chart.yaml", CHART.as_bytes()));
    let error = Chart::in_archive(&packed(&outer), &ArchiveLimits::default()).unwrap_err().to_string();
    assert!(error.contains("the archive has more than"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A broken archive is refused, or read; nothing panics.
    #[test]
    fn broken_archives_are_refused(at in 0usize..400, byte: u8, cut in 0usize..400) {
        let whole = packed(&[("top/Chart.yaml", CHART.as_bytes()), ("top/templates/t.yaml", b"a: 1\n")]);
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(whole.as_slice()), &mut plain).unwrap();
        for mut archive in [whole, plain] {
            let at = at % archive.len();
            archive[at] = byte;
            archive.truncate(archive.len() - cut.min(archive.len() / 2));
            let mut zipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            zipped.write_all(&archive).unwrap();
            let _ = Chart::in_archive(&archive, &ArchiveLimits::default());
            let _ = Chart::in_archive(&zipped.finish().unwrap(), &ArchiveLimits::default());
        }
    }

    /// Any `.helmignore` is refused, or leaves files out.
    #[test]
    fn any_ignore_file_ends(rules in "[a-c*?!/.\\[\\]^\\\\ #\n-]{0,40}") {
        let files = [(".helmignore", rules.as_str()), ("a/b/c", "x"), ("templates/a.yaml", "a: 1\n"), ("c", "y")];
        if let Ok(chart) = chart(&tree(&files)) {
            prop_assert!(chart.files.len() + chart.templates.len() <= 5);
        }
    }
}
