use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use super::Verdict;

/// One case and how it ended.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// Its id.
    pub id: String,
    /// Its area.
    pub area: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub time: Duration,
}

/// How many cases of an area passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AreaCount {
    /// The area.
    pub area: &'static str,
    /// Cases that passed.
    pub passed: usize,
    /// All its cases.
    pub total: usize,
}

/// A run's results.
#[derive(Debug)]
pub struct Report {
    results: Vec<CaseResult>,
}

impl Report {
    /// A report of these results.
    pub fn new(results: Vec<CaseResult>) -> Self {
        Self { results }
    }

    /// The counts by area, in the order of first appearance.
    pub fn areas(&self) -> Vec<AreaCount> {
        let mut areas: Vec<AreaCount> = Vec::new();
        let mut places = BTreeMap::new();
        for result in &self.results {
            let place = *places.entry(result.area).or_insert_with(|| {
                areas.push(AreaCount { area: result.area, passed: 0, total: 0 });
                areas.len() - 1
            });
            if let Some(count) = areas.get_mut(place) {
                count.total += 1;
                count.passed += usize::from(result.verdict == Verdict::Passed);
            }
        }
        areas
    }

    /// Prints a line an area and the total, or all of it as JSON.
    ///
    /// # Errors
    /// Where the output cannot be written.
    pub fn print(&self, out: &mut dyn Write, as_json: bool) -> io::Result<()> {
        let areas = self.areas();
        let passed: usize = areas.iter().map(|area| area.passed).sum();
        if as_json {
            let cases: Vec<_> = self.results.iter().map(case_json).collect();
            let whole = json!({"areas": areas, "passed": passed, "total": self.results.len(), "cases": cases});
            return writeln!(out, "{whole}");
        }
        for area in &areas {
            writeln!(out, "{} passed {} of {}", area.area, area.passed, area.total)?;
        }
        writeln!(out, "total passed {passed} of {}", self.results.len())
    }

    /// The failing ids, a line each with the first difference.
    pub fn failures(&self) -> String {
        let mut text = String::new();
        for result in &self.results {
            if let Verdict::Failed(difference) = &result.verdict {
                let line = difference.lines().next().unwrap_or_default();
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{}\t{line}", result.id);
            }
        }
        text
    }

    /// The passing ids, sorted, a line each.
    pub fn passing(&self) -> String {
        let mut text = String::new();
        for id in self.passing_ids() {
            text.push_str(id);
            text.push('\n');
        }
        text
    }

    /// Says which expected ids no longer pass and how many new ones do. `false` where one no longer passes.
    /// Ids that the folder does not hold, or that were not asked for, are not judged.
    ///
    /// # Errors
    /// Where the output cannot be written.
    pub fn compare(&self, expected: &str, area: Option<&str>, out: &mut dyn Write) -> io::Result<bool> {
        let expected: BTreeSet<&str> = expected.lines().filter(|line| !line.is_empty()).collect();
        let passing = self.passing_ids();
        let seen: BTreeSet<&str> = self.results.iter().map(|result| result.id.as_str()).collect();
        let lost: Vec<_> = expected.difference(&passing).filter(|id| seen.contains(*id)).collect();
        for id in &lost {
            writeln!(out, "no longer passes: {id}")?;
        }
        let absent = expected.difference(&seen).count();
        if absent > 0 && area.is_none() {
            writeln!(out, "expected but not in this folder: {absent}")?;
        }
        let new: Vec<_> = passing.difference(&expected).collect();
        for id in &new {
            writeln!(out, "newly passes: {id}")?;
        }
        writeln!(out, "expected {}, lost {}, new {}", expected.len(), lost.len(), new.len())?;
        Ok(lost.is_empty())
    }

    fn passing_ids(&self) -> BTreeSet<&str> {
        let passed = self.results.iter().filter(|result| result.verdict == Verdict::Passed);
        passed.map(|result| result.id.as_str()).collect()
    }
}

fn case_json(result: &CaseResult) -> serde_json::Value {
    let difference = match &result.verdict {
        Verdict::Passed => None,
        Verdict::Failed(difference) => difference.lines().next(),
    };
    json!({
        "id": result.id,
        "area": result.area,
        "passed": result.verdict == Verdict::Passed,
        "difference": difference,
        "milliseconds": (result.time.as_secs_f64() * 1e6).round() / 1e3,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str, passed: bool) -> CaseResult {
        let verdict = if passed { Verdict::Passed } else { Verdict::Failed("line 1".into()) };
        CaseResult { id: id.into(), area: "a/b", verdict, time: Duration::ZERO }
    }

    #[test]
    fn a_lost_id_fails_and_a_new_one_is_named() {
        let report = Report::new(vec![result("a/1", true), result("a/2", false), result("a/3", true)]);
        let mut out = Vec::new();
        assert!(!report.compare("a/1\na/2\n", None, &mut out).unwrap());
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "no longer passes: a/2\nnewly passes: a/3\nexpected 2, lost 1, new 1\n");
        assert!(report.compare("a/1\n", None, &mut Vec::new()).unwrap());
        assert_eq!(report.failures(), "a/2\tline 1\n");
    }

    #[test]
    fn counts_are_printed_a_line_an_area() {
        let mut out = Vec::new();
        Report::new(vec![result("a/1", true), result("a/2", false)]).print(&mut out, false).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a/b passed 1 of 2\ntotal passed 1 of 2\n");
    }
}
