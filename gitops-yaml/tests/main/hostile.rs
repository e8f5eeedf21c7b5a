//! Texts that are made to cost more than they weigh.

use gitops_yaml::{Limits, Options, PathSegment, ReadError, Resolver, locate, read_documents};

/// Each of these ends at once; an unbounded reader would not end at all.
fn refused(text: &[u8]) -> ReadError {
    let read = |resolver| read_documents(text, &Options::new(resolver)).map(|documents| documents.len());
    let error = read(Resolver::Sigs).unwrap_err();
    assert!(read(Resolver::Kyaml).is_err());
    let _ = locate(text, 0, &[PathSegment::Key("a".into())]);
    error
}

#[test]
fn nesting_is_refused_at_its_budget() {
    for open in ["[", "{", "[\n", "{a: ", "{? ", "- ", "? "] {
        refused(open.repeat((1 << 20) / open.len()).as_bytes());
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(refused(deep.as_bytes()).message.contains("nested deeper than the 200 levels"));
}

#[test]
fn nine_levels_of_aliases_are_refused() {
    let lists =
        (1..10).map(|level| format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
    let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", lists.collect::<String>());
    assert!(refused(bomb.as_bytes()).message.contains("aliases expand to more than"));
}

#[test]
fn aliases_of_long_strings_and_of_nested_anchors_are_refused() {
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(10_000));
    assert!(refused(long.as_bytes()).message.contains("bytes allowed"));
    let nested = (0..150).map(|level| format!("{}- &a{level}\n", " ".repeat(level))).collect::<String>();
    let items = format!("{}- [{}]\n", " ".repeat(150), "1, ".repeat(50_000));
    let names = (0..150).map(|level| format!("# *a{level}\n")).collect::<String>();
    assert!(refused(format!("{nested}{items}{names}").as_bytes()).message.contains("aliases expand to more than"));
    let chain = (1..1000).map(|level| format!("- &a{level} [*a{}]\n", level - 1)).collect::<String>();
    assert!(refused(format!("- &a0 x\n{chain}").as_bytes()).message.contains("nested deeper"));
}

#[test]
fn more_bytes_than_allowed_are_not_looked_at() {
    let error = refused(&vec![b'a'; 100 << 20]);
    assert_eq!(error.message, "the text has 104857600 bytes, more than the 67108864 allowed");
}

#[test]
fn directives_without_end_are_refused() {
    let directives = (0..50_000).map(|at| format!("%TAG !a{at}! b\n")).collect::<String>();
    assert!(refused(directives.as_bytes()).message.contains("tag directives"));
}

#[test]
fn values_without_end_are_refused() {
    let mut options = Options::new(Resolver::Sigs);
    options.limits = Limits::default();
    options.limits.max_nodes = 1000;
    let error = read_documents("- 1\n".repeat(1001).as_bytes(), &options).unwrap_err();
    assert_eq!((error.line, error.message.as_str()), (1000, "more than the 1000 values allowed"));
}
