use gitops_template::semver::{Constraint, Version};

fn fits(range: &str, version: &str) -> bool {
    Constraint::parse(range).unwrap().check(&Version::parse(version).unwrap())
}

#[test]
fn ranges_hold_the_versions_that_masterminds_puts_into_them() {
    for (range, version) in [
        ("^1.2.0", "1.9.9"),
        ("~1.2.3", "1.2.9"),
        ("~1", "1.9.0"),
        ("~>1.2", "1.2.7"),
        (">=1.19-0", "v1.34.0"),
        ("<1.2.0 || >=2.0.0", "2.1.0"),
        (">1.0.0 <2.0.0", "1.5.0"),
        (">= 1.2, < 2", "1.5.0"),
        ("1.2 - 1.4", "1.4.5"),
        ("1.2.0 - 1.4.0 || 3.x", "3.1.0"),
        ("=>1.2", "1.2.0"),
        ("=<1.2", "1.2.9"),
        ("*", "7.0.0"),
        ("1.x", "1.9.3"),
        ("!=1.2.x", "1.3.0"),
        ("^0.2", "0.2.9"),
        ("^0", "0.9.0"),
        ("1.2.3-alpha", "1.2.3-alpha"),
        (">1.2.x", "1.3.0"),
    ] {
        assert!(fits(range, version), "{version} in {range}");
    }
}

#[test]
fn ranges_leave_out_what_masterminds_leaves_out() {
    for (range, version) in [
        ("^0.2.3", "0.3.0"),
        ("^0.0.3", "0.0.4"),
        ("^1", "1.0.0-alpha"),
        (">1.2", "1.2.5"),
        ("!=1.2.3", "1.2.3"),
        ("!=1.x", "1.9.0"),
        ("<=1.2", "1.3.0"),
        ("1.2 - 1.4", "1.5.0"),
        ("~1.2.3", "1.3.0"),
    ] {
        assert!(!fits(range, version), "{version} in {range}");
    }
}

#[test]
fn prereleases_are_ordered_by_their_parts() {
    let ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0"];
    for pair in ordered.windows(2) {
        let [low, high] = pair else { continue };
        let (low, high) = (Version::parse(low).unwrap(), Version::parse(high).unwrap());
        assert!(low.compare(&high).is_lt() && high.compare(&low).is_gt());
    }
}

#[test]
fn texts_that_are_none_are_refused_in_the_words_of_the_library() {
    for (text, words) in [
        ("", "invalid semantic version"),
        ("1.2.3.4", "invalid semantic version"),
        ("1.2.3-01", "version segment starts with 0"),
    ] {
        assert_eq!(Version::parse(text).unwrap_err().to_string(), words);
    }
    assert_eq!(Constraint::parse("bad").unwrap_err().to_string(), "improper constraint: \"bad\"");
    assert!(Constraint::parse("").is_err());
    assert!(Constraint::parse(&"1 ".repeat(400)).is_err());
}
