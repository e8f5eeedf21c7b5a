use super::*;

/// What Masterminds/semver 3.4.0 says of many ranges and versions: `tools/constraints/main.go` writes the table.
const TABLE: &str = include_str!("masterminds.txt");

#[test]
fn ranges_match_as_masterminds_semver_does() {
    let mut lines = TABLE.lines();
    let versions: Vec<&str> = lines.next().unwrap().trim_start_matches("# versions:").split_whitespace().collect();
    for text in &versions {
        let (text, valid) = text.strip_prefix('!').map_or((*text, true), |text| (text, false));
        assert_eq!(parse_version(text).is_some(), valid, "{text}");
    }
    let mut compared = 0;
    for line in lines {
        let (range, expected) = line.split_once('\t').unwrap();
        let parsed = range.parse::<Constraint>();
        if expected == "!" {
            assert!(parsed.is_err(), "`{range}` is refused");
            continue;
        }
        let parsed = parsed.unwrap();
        let matching = |text: &&&str| parse_version(text).is_some_and(|version| parsed.matches(&version));
        let matching: Vec<&str> = versions.iter().filter(matching).copied().collect();
        assert_eq!(matching, expected.split_whitespace().collect::<Vec<_>>(), "{range}");
        compared += versions.len();
    }
    assert!(compared > 2000);
}

#[test]
fn the_highest_tag_is_taken() {
    let tags = ["v1.9.0", "v1.10.0", "v2.0.0-rc.1", "v1.10.0+again", "latest", "0.0.0"];
    let highest = |range: &str| range.parse::<Constraint>().unwrap().highest(tags);
    assert_eq!(highest("1.*"), Some("v1.10.0"));
    assert_eq!(highest(">=1.0.0-0"), Some("v2.0.0-rc.1"));
    assert_eq!(highest("*"), Some("v1.10.0"));
    assert_eq!(highest("^3"), None);
    assert_eq!(highest("0.0.0"), None);
}

#[test]
fn long_ranges_are_refused() {
    assert!(">=1 ".repeat(1000).parse::<Constraint>().is_err());
}
