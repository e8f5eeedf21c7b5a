use super::support::{check, check_errors, render, render_over};

#[test]
fn dates_follow_go() {
    check(&[
        (r#"{{ now | date "2006-01-02 15:04:05" }}"#, "2023-11-14 22:13:20"),
        (r#"{{ dateInZone "Mon Jan _2 3:04PM MST -0700" 0 "America/New_York" }}"#, "Wed Dec 31 7:00PM EST -0500"),
        (r#"{{ toDate "2006-01-02" "2020-02-30" }}"#, "0001-01-01 00:00:00 +0000 UTC"),
        (r#"{{ (toDate "2006-01-02T15:04:05Z07:00" "2020-02-29T10:00:00+02:00").Unix }}"#, "1582963200"),
        (r#"{{ (toDate "2006-01-02" "2020-01-31").AddDate 0 1 0 | htmlDate }}"#, "2020-03-02"),
        (r#"{{ dateModify "-1.5h" (toDate "2006-01-02" "2020-01-31") | date "15:04" }}"#, "22:30"),
        (r#"{{ duration "3700" }} {{ durationRound "26h" }} {{ ago now }}"#, "1h1m40s 1d 0s"),
        (r#"{{ (toDate "2006-01-02" "2020-01-02").Weekday }} {{ (toDate "2006" "2020").Month }}"#, "Thursday January"),
        (r#"{{ ((toDate "2006" "2021").Sub (toDate "2006" "2020")).Hours }}"#, "8784"),
    ]);
    check_errors(&[
        (r#"{{ mustToDate "2006-01-02" "x" }}"#, r#"parsing time "x" as "2006-01-02": cannot parse "x" as "2006""#),
        (r#"{{ mustToDate "2006-01-02" "2020-13-01" }}"#, r#"parsing time "2020-13-01": month out of range"#),
        (r#"{{ mustDateModify "1x" now }}"#, r#"time: unknown unit "x" in duration "1x""#),
    ]);
}

#[test]
fn regular_expressions_follow_re2() {
    check(&[
        (r#"{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}"#, "-W-xxW-"),
        (r#"{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W" }}"#, "---"),
        (r#"{{ regexReplaceAll "(?P<a>x)(?P<a>y)" "xy" "${a}" }}"#, "x"),
        (r#"{{ regexFindAll "" "ab" -1 | len }}{{ regexFindAll "z" "ab" -1 | toJson }}"#, "3null"),
        (r#"{{ regexMatch "^\\Qa.b\\E{$" "a.b{" }} {{ regexMatch "[" "a" }}"#, "true false"),
        (r#"{{ regexMatch "^\\d$" "٣" }} {{ regexMatch "^[[:word:]]$" "é" }}"#, "false false"),
        (r#"{{ regexMatch "(?i)^É$" "é" }} {{ regexMatch "^\\p{Greek}$" "α" }}"#, "true true"),
        (r#"{{ regexSplit "z+" "pizza" -1 | join "," }}"#, "pi,a"),
        (r#"{{ regexFind "a{,2}" "a{,2}" }} {{ regexFind "[[a]" "[" }}"#, "a{,2} ["),
    ]);
    check_errors(&[
        (r#"{{ mustRegexFind "a**" "a" }}"#, "error parsing regexp: invalid nested repetition operator: `**`"),
        (r#"{{ mustRegexFind "a{1001}" "a" }}"#, "error parsing regexp: invalid repeat count: `{1001}`"),
        (r#"{{ mustRegexFind "(a" "a" }}"#, "error parsing regexp: missing closing ): `(a`"),
        (r#"{{ mustRegexFind "a)" "a" }}"#, "error parsing regexp: unexpected ): `a)`"),
        (r#"{{ mustRegexFind "*" "a" }}"#, "error parsing regexp: missing argument to repetition operator: `*`"),
        (r#"{{ mustRegexFind "(?<n" "a" }}"#, "error parsing regexp: invalid named capture: `(?<n`"),
        (r#"{{ mustRegexFind "(?=a)" "a" }}"#, "error parsing regexp: invalid or unsupported Perl syntax: `(?=`"),
        (r#"{{ mustRegexFind "\\8" "a" }}"#, r"error parsing regexp: invalid escape sequence: `\8`"),
        (r#"{{ mustRegexFind "[z-a]" "a" }}"#, "error parsing regexp: invalid character class range: `z-a`"),
    ]);
}

#[test]
fn urls_are_taken_apart_and_put_together() {
    check(&[
        (r#"{{ (urlParse "https://u:p%40@h:8080/a%20b?q=1#f").userinfo }}"#, "u:p%40"),
        (r#"{{ (urlParse "https://u:p@[::1]:80/a").hostname }}"#, "::1"),
        (
            r#"{{ urlJoin (dict "scheme" "http" "host" "h" "path" "a b" "query" "q" "fragment" "f g") }}"#,
            "http://h/a%20b?q#f%20g",
        ),
        (r#"{{ urlJoin (urlParse "mailto:x@y") }}"#, "mailto:x@y"),
    ]);
    check_errors(&[
        (r#"{{ urlParse "http://h:x/" }}"#, r#"parse "http://h:x/": invalid port ":x" after host"#),
        (r#"{{ urlParse "a:b:c/%zz" | toJson }}{{ urlParse ":a" }}"#, r#"parse ":a": missing protocol scheme"#),
    ]);
}

#[test]
fn formats_are_read_with_the_words_of_their_libraries() {
    check(&[
        (r#"{{ (fromJson "{").Error }}"#, "unexpected end of JSON input"),
        (r#"{{ (fromJson "{\"a\":1,}").Error }}"#, "invalid character '}' looking for beginning of object key string"),
        (r#"{{ fromJsonArray "{}" | first }}"#, "json: cannot unmarshal object into Go value of type []interface {}"),
        (
            r#"{{ (fromYaml "a: b: c").Error }}"#,
            "error converting YAML to JSON: yaml: mapping values are not allowed in this context",
        ),
        (r#"{{ (fromYaml "a: *x").Error }}"#, "error converting YAML to JSON: yaml: unknown anchor 'x' referenced"),
        (r#"{{ (fromToml "a=").Error }}"#, "toml: line 1 (last key \"a\"): unexpected EOF; expected value"),
        (
            "{{ toToml (fromToml \"a.b = [1, 2.0]\\n[[t]]\\nx = {y = 'z'}\\n[[t]]\\n\") }}",
            "[a]\n  b = [1, 2.0]\n\n[[t]]\n  [t.x]\n    y = \"z\"\n\n[[t]]\n",
        ),
        (r#"{{ fromToml "a = 1979-05-27\nb = 0x1F\nc = +inf" | toToml }}"#, "a = 1979-05-27\nb = 31\nc = inf\n"),
        (
            r#"{{ toPrettyJson (dict "a" (list 1 "<") "b" (dict)) }}"#,
            "{\n  \"a\": [\n    1,\n    \"\\u003c\"\n  ],\n  \"b\": {}\n}",
        ),
        (r#"{{ toYamlPretty (dict "a" (list 1000000.0 "yes")) }}"#, "a:\n  - 1e+06\n  - \"yes\""),
        (r#"{{ toRawJson "<" }}{{ toJson "<" }}"#, r#""<""\u003c""#),
    ]);
}

#[test]
fn encodings_give_the_words_of_errors() {
    check(&[
        (r#"{{ b64dec "aGVsbG8" }}"#, "illegal base64 data at input byte 4"),
        (r#"{{ b64dec "aGVs\nbG8=" }}"#, "hello"),
        (r#"{{ b32dec (b32enc "héllo") }}"#, "héllo"),
        (r#"{{ b32dec "hello" }}"#, "illegal base32 data at input byte 0"),
        (r#"{{ sha1sum "a" }} {{ adler32sum "abc" }}"#, "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8 38600999"),
    ]);
}

#[test]
fn passwords_are_derived_and_what_is_encrypted_is_decrypted() {
    check(&[
        (r#"{{ derivePassword 1 "long" "password" "user" "example.com" }}"#, "ZedaFaxcZaso9*"),
        (r#"{{ encryptAES "secret" "text" | decryptAES "secret" }}"#, "text"),
        (r#"{{ derivePassword 1 "nope" "a" "b" "c" }}"#, "cannot find password template nope"),
    ]);
    let hash = render(r#"{{ htpasswd "me" "secret" }}"#).unwrap();
    assert!(hash.starts_with("me:$2a$10$") && hash.len() == 63, "{hash}");
    assert_eq!(render(r#"{{ bcrypt "a" }}"#), render(r#"{{ bcrypt "a" }}"#), "the same inputs give the same hash");
}

#[test]
fn versions_have_their_methods() {
    check(&[
        (r#"{{ (semver "v1.2.3-a+b").IncMinor }} {{ (semver "v1.2.3").Original }}"#, "1.3.0 v1.2.3"),
        (r#"{{ (semver "1.2.3").Compare (semver "1.10.0") }}"#, "-1"),
        (
            r#"{{ $v := semver "1.2.3-rc.1" }}{{ $v.Major }}.{{ $v.Minor }} {{ $v.Prerelease }} {{ toJson $v }}"#,
            r#"1.2 rc.1 "1.2.3-rc.1""#,
        ),
    ]);
}

#[test]
fn a_host_without_keys_makes_none() {
    check_errors(&[(r#"{{ genPrivateKey "rsa" }}"#, "this render has no source of private keys")]);
    check(&[(r#"{{ genPrivateKey "x" }}"#, "Unknown type x")]);
    check_errors(&[(r#"{{ genCAWithKey "a" 1 "x" }}"#, "parsing private key: no PEM data in input")]);
}

#[test]
fn errors_name_the_chain_of_templates() {
    let template = "{{ define \"inner\" }}{{ fail \"no\" }}{{ end }}\n{{ include \"inner\" . }}";
    assert_eq!(
        render_over(template, &serde_json::json!({})).unwrap_err(),
        "template: t:2:3: executing \"t\" at <include \"inner\" .>: error calling include: template: t:1:23: executing \
         \"inner\" at <fail \"no\">: error calling fail: no"
    );
}
