use std::collections::BTreeSet;

use gitops_template::Functions;

/// What Go's templates have.
const GO: &str = "and call html index slice js len not or print printf println urlquery eq ge gt le lt ne";

/// What sprig 3.3 has for text, without `env` and `expandenv`, which Helm takes away.
const SPRIG: &str = "hello ago date date_in_zone date_modify dateInZone dateModify duration durationRound htmlDate \
    htmlDateInZone must_date_modify mustDateModify mustToDate now toDate unixEpoch abbrev abbrevboth trunc trim upper \
    lower title untitle substr repeat trimall trimAll trimSuffix trimPrefix nospace initials randAlphaNum randAlpha \
    randAscii randNumeric swapcase shuffle snakecase camelcase kebabcase wrap wrapWith contains hasPrefix hasSuffix \
    quote squote cat indent nindent replace plural sha1sum sha256sum sha512sum adler32sum toString atoi int64 int \
    float64 seq toDecimal split splitList splitn toStrings until untilStep add1 add sub div mod mul randInt add1f addf \
    subf divf mulf biggest max min maxf minf ceil floor round join sortAlpha default empty coalesce all any compact \
    mustCompact fromJson toJson toPrettyJson toRawJson mustFromJson mustToJson mustToPrettyJson mustToRawJson ternary \
    deepCopy mustDeepCopy typeOf typeIs typeIsLike kindOf kindIs deepEqual getHostByName base dir clean ext isAbs \
    osBase osClean osDir osExt osIsAbs b64enc b64dec b32enc b32dec tuple list dict get set unset hasKey pluck keys pick \
    omit merge mergeOverwrite mustMerge mustMergeOverwrite values append push mustAppend mustPush prepend mustPrepend \
    first mustFirst rest mustRest last mustLast initial mustInitial reverse mustReverse uniq mustUniq without \
    mustWithout has mustHas slice mustSlice concat dig chunk mustChunk bcrypt htpasswd genPrivateKey derivePassword \
    buildCustomCert genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey \
    encryptAES decryptAES randBytes uuidv4 semver semverCompare fail regexMatch mustRegexMatch regexFindAll \
    mustRegexFindAll regexFind mustRegexFind regexReplaceAll mustRegexReplaceAll regexReplaceAllLiteral \
    mustRegexReplaceAllLiteral regexSplit mustRegexSplit regexQuoteMeta urlParse urlJoin";

/// What Helm 3.22 adds.
const HELM: &str = "toToml fromToml toYaml toYamlPretty fromYaml fromYamlArray toJson fromJson fromJsonArray include tpl \
    required lookup";

#[test]
fn helm_has_all_the_functions_that_it_has_in_go_and_no_others() {
    let functions = Functions::helm();
    let found: BTreeSet<&str> = functions.names().collect();
    let expected: BTreeSet<&str> = [GO, SPRIG, HELM].into_iter().flat_map(str::split_whitespace).collect();
    assert_eq!(found.difference(&expected).collect::<Vec<_>>(), Vec::<&&str>::new(), "too many");
    assert_eq!(expected.difference(&found).collect::<Vec<_>>(), Vec::<&&str>::new(), "missing");
}

#[test]
fn sprig_alone_is_without_helms_own_functions() {
    let functions = Functions::sprig();
    let found: BTreeSet<&str> = functions.names().collect();
    assert!(found.contains("semverCompare"));
    assert!(!found.contains("include") && !found.contains("toYaml") && !found.contains("getHostByName"));
    assert!(!found.contains("env") && !found.contains("expandenv"));
}
