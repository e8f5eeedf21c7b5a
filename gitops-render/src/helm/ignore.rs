//! `.helmignore`: the files of a folder that are no part of the chart.

use super::pattern::Pattern;

/// The rules of a file, in its order.
pub(super) struct Ignore {
    rules: Vec<Rule>,
}

struct Rule {
    /// None where what is left of the line is malformed: it matches nothing then.
    pattern: Option<Pattern>,
    negated: bool,
    directories: bool,
    /// Matched against the whole path, not only its last part.
    whole: bool,
}

impl Ignore {
    /// The rules of a file, and the one that Helm always has: no hidden files among the templates.
    pub(super) fn new(text: &[u8]) -> Result<Self, String> {
        let text = String::from_utf8_lossy(text);
        let mut rules = Vec::new();
        for line in text.trim_start_matches('\u{feff}').lines().chain(["templates/.?*"]) {
            rules.extend(rule(line.trim())?);
        }
        Ok(Self { rules })
    }

    /// Whether a path is left out. A rule with `!` leaves out all that it does not match.
    pub(super) fn ignores(&self, path: &str, directory: bool) -> bool {
        for rule in &self.rules {
            let matched = rule.matches(path);
            if rule.negated {
                if (rule.directories && !directory) || !matched {
                    return true;
                }
            } else if matched && (directory || !rule.directories) {
                return true;
            }
        }
        false
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        let compared = if self.whole { path } else { path.rsplit('/').next().unwrap_or(path) };
        self.pattern.as_ref().is_some_and(|pattern| pattern.matches(compared))
    }
}

fn rule(line: &str) -> Result<Option<Rule>, String> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    if line.contains("**") {
        return Err("double-star (**) syntax is not supported".to_owned());
    }
    // Helm tries the line as it is, before it takes off what a rule has beside its pattern.
    if Pattern::parse(line).is_none() {
        return Err("syntax error in pattern".to_owned());
    }
    let (negated, rest) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
    let (directories, rest) = rest.strip_suffix('/').map_or((false, rest), |rest| (true, rest));
    let whole = rest.contains('/');
    let pattern = Pattern::parse(rest.strip_prefix('/').unwrap_or(rest));
    Ok(Some(Rule { pattern, negated, directories, whole }))
}
