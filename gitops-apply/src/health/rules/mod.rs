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

/// The rules never change, so they are read once a process.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for text in TEXTS {
        // A line that cannot be read is dropped; the test below refuses it.
        let (read, _) = parse::table(text);
        table.merge(read);
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

    #[test]
    fn every_line_of_the_rules_is_read() {
        for text in TEXTS {
            let (_, problems) = parse::table(text);
            assert!(problems.is_empty(), "{}", problems.join("\n"));
        }
    }

    #[test]
    fn a_line_that_is_no_statement_is_a_problem() {
        for text in ["example.com/A\n  status.phase", "example.com/A\n  a=b => Fine it is", "  a=b => Healthy"] {
            assert_eq!(parse::table(text).1.len(), 1, "{text}");
        }
    }
}
