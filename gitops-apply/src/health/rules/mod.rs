//! Health of custom kinds by rules that are data: a decision list for each kind.
//!
//! The rules stand in the `.rules` files beside this one. A rule begins with the kinds that it is for
//! (`group/Kind`, separated by commas; a `*` at the start of the group or for the kind stands for anything; what
//! follows an `=` is the kind's label), and its statements are indented below:
//!
//! ```text
//! example.com/Database=Waiting for the database
//!   status.phase=Failed|Lost => Degraded {status.reason|'it failed'}
//!   each status.conditions
//!     .type=Ready .status=True => Healthy {.message}
//!   => Progressing {label}
//! ```
//!
//! - `TESTS => Status message` ends the rule with a health; `TESTS -> Status message` notes it and goes on; `_` leaves
//!   the status or the message as it was noted. What is noted when the statements end is the health.
//! - `if TESTS` and `each PATH` open a block; within `each`, `TESTS next` goes to the next item.
//! - Tests: `PATH` is there and not false; `PATH?` is there; `PATH=a|b` is one of these; `PATH!=a|b` is none of them;
//!   `PATH==PATH` and `PATH!==PATH` compare two values; `<`, `<=`, `>`, `>=` compare numbers (absent is 0) or texts;
//!   `PATH^=a` starts with; `noted` is whether a health was noted; `!` before a test turns it round; `#PATH` is a
//!   length; `PATH+PATH` a sum.
//! - Paths: `status.phase` from the object, `.type` from the item of `each`, `..name` from the item around it, `@Ready`
//!   the condition of that type (compared by its status), `['a.key']` for a key with dots, `[0]` and `[-1]` for items.
//! - Messages are templates: `{PATH|PATH|'text'}` is the first that is there, `{label}` the kind's label (its name where
//!   it has none), `{#PATH}` a length. After the place stands its form: `~lower` case, a map's `~keys`, a list `~joined`, and
//!   `~without:` a text. `\n` is a line feed and `\s` a space at an end.

mod eval;
mod model;
mod parse;
mod path;

use std::sync::LazyLock;

use gitops_core::Object;

use self::model::Table;
use super::Health;

const TEXTS: [&str; 4] =
    [include_str!("a-c.rules"), include_str!("d-k.rules"), include_str!("l-p.rules"), include_str!("q-z.rules")];

/// The rules never change.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for (head, rule) in TEXTS.into_iter().flat_map(parse::rules) {
        table.add(head, rule);
    }
    table
});

/// The health of a kind that has a rule.
pub(super) fn health(object: &Object) -> Option<Health> {
    let (rule, label) = TABLE.find(object.group(), object.kind())?;
    Some(eval::run(rule, object, label))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What cannot be read of a text.
    fn problems(text: &str) -> Vec<String> {
        let mut problems = Vec::new();
        for (head, rule) in parse::rules(text) {
            let bare = head.is_empty().then(|| format!("statements without a kind: `{rule}`"));
            let unread = parse::rule(rule).1.into_iter().map(|problem| format!("{head}: {problem}"));
            problems.extend(bare.into_iter().chain(unread));
        }
        problems
    }

    #[test]
    fn every_line_of_the_rules_is_read() {
        for text in TEXTS {
            assert_eq!(problems(text), [""; 0]);
        }
    }

    #[test]
    fn a_line_that_is_no_statement_is_a_problem() {
        for text in ["example.com/A\n  status.phase", "example.com/A\n  a=b => Fine it is", "  a=b => Healthy"] {
            assert_eq!(problems(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_rule_has_the_lines_below_its_kinds() {
        let text = "// first\na/A,\n  x => Healthy\n\nb/B=c, b/D\n  // more\n  y => Healthy\n";
        assert_eq!(parse::rules(text), [("a/A,", "  x => Healthy\n\n"), ("b/B=c, b/D", "  // more\n  y => Healthy\n")]);
    }
}
