use serde_json::json;

use super::*;

fn sigs(text: &str) -> Value {
    read_one(text.as_bytes(), &Options::new(Resolver::Sigs)).unwrap()
}

#[test]
fn scalars_mean_what_the_go_tools_say() {
    assert_eq!(
        sigs("a: yes\nn: 3\nb: 0777\nc: 1_000\nd: 08\ne: 2001-12-14\n"),
        json!({"a": true, "false": 3, "b": 511, "c": 1000, "d": 8.0, "e": "2001-12-14"})
    );
    let kyaml = read_one(b"a: yes\nn: 0777\nd: 2001-01-01\n", &Options::new(Resolver::Kyaml)).unwrap();
    assert_eq!(kyaml, json!({"a": "yes", "n": 511, "d": "2001-01-01T00:00:00Z"}));
}

#[test]
fn a_path_is_located_by_its_key() {
    let text = b"a: 1\n---\nspec:\n  list:\n  - x: 1\n  - y: 2\n";
    let path = [
        PathSegment::Key("spec".into()),
        PathSegment::Key("list".into()),
        PathSegment::Index(1),
        PathSegment::Key("y".into()),
    ];
    assert_eq!(locate(text, 1, &path), Some(Position { line: 6, column: 5 }));
}
