use super::{Dialect, translated};

/// Whether an expression of Go's matches a part of a text; none where it is refused.
fn go(expression: &str, text: &str) -> Option<bool> {
    Some(regex::Regex::new(&translated(expression, Dialect::Go)?).ok()?.is_match(text))
}

fn net(expression: &str, text: &str) -> Option<bool> {
    fancy_regex::Regex::new(&translated(expression, Dialect::Net)?).ok()?.is_match(text).ok()
}

#[test]
fn what_go_takes_is_taken() {
    for (expression, matched, other) in [
        ("^p/.*$", "p/a", "xp/a"),
        ("{p,q}/*", "{p,q}", "p"),
        ("a{2}", "aa", "a"),
        ("^a{,2}$", "a{,2}", "aa"),
        ("^a{02}$", "a{02}", "aa"),
        ("p/[!a]*", "p/", "q"),
        ("[[a&&b]", "[", "c"),
        ("[]x]", "]", "a"),
        ("[--/]", ".", "a"),
        ("(?i)GET", "get", "set"),
        ("(?i:g)ET", "gET", "get"),
        ("(?P<a>x)(?<b>y)", "xy", "x"),
        ("(?)a", "a", "b"),
        ("(?s-i)a", "a", "A"),
        (r"p/\*", "p/*", "p/a"),
        (r"[\d[:alpha:]-]+$", "7", "!"),
        (r"^[[:^alpha:]\D]$", "!", "aa"),
        (r"\pL\x{61}", "ba", "1"),
        (r"^\p{Greek}$", "α", "a"),
        (r"^\P{^Greek}$", "α", "a"),
        (r"^\w$", "a", "ä"),
        (r"^\d$", "1", "١"),
        (r"^\bab\b$", "ab", "äab"),
        (r"\Qa.b\E*c", "a.bbc", "aXbc"),
        (r"^\141\x62\_\<$", "ab_<", "ab"),
        ("a*?b", "b", "c"),
        ("^(?:a{10}){2}$", "aaaaaaaaaaaaaaaaaaaa", "a"),
    ] {
        assert_eq!((go(expression, matched), go(expression, other)), (Some(true), Some(false)), "{expression}");
    }
}

#[test]
fn what_go_refuses_is_refused() {
    for expression in [
        "*",
        "*/*",
        "a**",
        "a*+",
        "a{2}{3}",
        "a*?*",
        "a|*",
        "(*)",
        "{2}",
        "[",
        "[a",
        "(",
        ")",
        "^(?!delete).*$",
        "(?=a)",
        "(?>a)",
        "[b-a]",
        r"[a-\d]",
        "[[:nothing:]]",
        "\\",
        r"\1",
        r"\8",
        r"\Z",
        r"\h",
        r"\K",
        r"\C",
        r"\u0041",
        r"[\b]",
        "(?x)a",
        "(?u)a",
        "(?i-)a",
        "(?--i)a",
        "(?P=a)",
        "(?P<a>x)(?P<a>y)",
        "(?<>a)",
        "(?<a-b>a)",
        "(?'a'a)",
        "(?#a)",
        "a{1001}",
        "a{2,1}",
        "(a{100}){11}",
        r"\p{greek}",
        r"\p{Grek}",
        r"\p{Script=Greek}",
        r"\p{Emoji}",
        r"\p{Letter}",
        r"\px",
        r"\x{110000}",
        r"\xg1",
    ] {
        assert_eq!(go(expression, "a"), None, "{expression}");
    }
}

#[test]
fn what_dot_net_takes_is_taken() {
    for (expression, matched, other) in [
        ("^team-(?!x)[a-z]+$", "team-a", "team-x"),
        ("(?<=team-)a", "team-a", "a"),
        ("^(?<name>a|b)$", "b", "c"),
        (r"^\w+\Z", "ab", "-"),
        (r"^[\w.-]+$", "a.b-c", "a/b"),
        ("(?i)^TEAM", "team", "meat"),
        (r"^\u0061$", "a", "b"),
    ] {
        assert_eq!((net(expression, matched), net(expression, other)), (Some(true), Some(false)), "{expression}");
    }
}

#[test]
fn what_dot_net_refuses_or_means_otherwise_is_refused() {
    for expression in [
        "a**",
        "a*+",
        "[a-z-[aeiou]]",
        "[[:alpha:]]",
        r"[\d-z]",
        r"(a)\1",
        r"\K",
        r"\h",
        r"\_",
        "(?x)a",
        "(?m)a",
        "(?P<a>x)",
        "(?U)a",
        r"\p{Greek}",
        r"\pL",
        r"\x{61}",
        "a{x",
        "(?#a)b",
        "(?(a)b|c)",
        r"\Qa\E",
        r"\cA",
        r"\07",
        "a{01}",
    ] {
        assert_eq!(net(expression, "a"), None, "{expression}");
    }
}
