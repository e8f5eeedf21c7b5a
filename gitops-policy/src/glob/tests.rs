use super::*;

fn matched(pattern: &str, separators: &str, texts: &[&str]) -> Vec<bool> {
    let glob = Glob::with_separators(pattern, separators);
    texts.iter().map(|text| glob.matches(text)).collect()
}

#[test]
fn stars_end_at_separators() {
    assert_eq!(matched("a/*", "/", &["a/b", "a/", "a/b/c"]), [true, true, false]);
    assert_eq!(matched("a/**", "/", &["a/b/c", "a"]), [true, false]);
    assert_eq!(matched("a/*", "", &["a/b/c"]), [true]);
    assert_eq!(matched("a?c", "/", &["abc", "a/c", "ac", "aöc"]), [true, false, false, true]);
    assert_eq!(matched("*", "", &["a\nb"]), [true]);
}

#[test]
fn braces_classes_and_escapes() {
    assert_eq!(matched("{a/*,b}", "/", &["a/x", "b", "a/x/y", "c"]), [true, true, false, false]);
    assert_eq!(matched("x{,{a,b}c}", "", &["x", "xac", "xbc", "xa"]), [true, true, true, false]);
    assert_eq!(matched("{}", "", &["", "a"]), [true, false]);
    assert_eq!(matched("[a-c][!x][ab-]", "", &["bya", "b--", "bxa", "dya"]), [true, true, false, false]);
    assert_eq!(matched(r"a\*", "", &["a*", "ab"]), [true, false]);
    assert_eq!(matched("a,b}", "", &["a,b}"]), [true]);
    assert_eq!(matched("", "", &["", "a"]), [true, false]);
}

#[test]
fn what_is_no_pattern_matches_nothing() {
    for text in ["[", "[]", "[!]", "[a", "[a-", "[a-]", "[c-a]", "[a-bc]", "{a", "{a,b", "{a,{b}", "a\\"] {
        assert!(Glob::parse(text).is_err(), "{text}");
        assert_eq!(matched(text, "", &["a", "", text]), [false; 3], "{text}");
    }
    assert!(Glob::parse(&"{".repeat(5_000)).is_err());
    assert!(Glob::parse(&format!("{}{}", "{".repeat(1_000), "}".repeat(1_000))).is_err());
}

#[test]
fn paths_have_go_s_notation() {
    let matched = |pattern: &str, text: &str| Glob::path(pattern).matches(text);
    assert!(matched("*.k8s.io", "networking.k8s.io") && !matched("*", "a/b") && matched("*", ""));
    assert!(matched("[^a-c]x", "dx") && !matched("[^a-c]x", "bx") && matched("[!a]", "!"));
    assert!(matched("{a,b}", "{a,b}") && matched(r"\*", "*") && matched("[a-cx]", "x"));
    for text in ["[", "[]", "[^]", "[a", "[-]", "[a-]", "a\\"] {
        assert!(!matched(text, text), "{text}");
    }
}

#[test]
fn negation_and_lists() {
    assert!(Rule::new("!a*", "").allows("b") && !Rule::new("!a*", "").allows("ab"));
    assert!(Rule::new("*", "/").allows("a/b") && !Rule::new("!*", "").allows("a"));
    assert!(Rule::new("![", "").allows("a"), "what is no pattern matches nothing, so that all is outside of it");
    let list = PatternList::new(ListMode::Regular, ["team-*", "/^ns-[0-9]+$/", "/^(?!kube).*-x$/", "/", "/[/"]);
    for (text, expected) in
        [("team-a", true), ("ns-7", true), ("ns-a", false), ("a-x", true), ("kube-x", false), ("/", true)]
    {
        assert_eq!(list.matches(text), expected, "{text}");
    }
}

#[test]
fn hostile_patterns_are_bounded() {
    let text = "a".repeat(5_000);
    assert!(!Glob::new(&"*a".repeat(500)).matches(&format!("{text}b")));
    assert!(!PatternList::new(ListMode::Regular, ["/^(?=(a+)+$)(a+)+b$/"]).matches(&text));
}
