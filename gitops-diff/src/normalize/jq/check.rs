//! What an expression may use, and the meters that are put into it.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

use super::ExpressionError;
use super::budget::Meter;

/// Filters whose work is in proportion to what they read and to what their arguments do.
const AVAILABLE: &[&str] = &[
    "@base64",
    "IN",
    "@base64d",
    "@json",
    "@text",
    "abs",
    "add",
    "all",
    "any",
    "arrays",
    "ascii_downcase",
    "ascii_upcase",
    "booleans",
    "capture",
    "ceil",
    "contains",
    "empty",
    "endswith",
    "error",
    "explode",
    "false",
    "first",
    "flatten",
    "floor",
    "from_entries",
    "fromjson",
    "getpath",
    "group_by",
    "gsub",
    "has",
    "implode",
    "in",
    "index",
    "indices",
    "inside",
    "isempty",
    "iterables",
    "join",
    "keys",
    "keys_unsorted",
    "last",
    "length",
    "limit",
    "ltrim",
    "ltrimstr",
    "map",
    "match",
    "max",
    "max_by",
    "min",
    "min_by",
    "not",
    "nth",
    "null",
    "nulls",
    "numbers",
    "objects",
    "path",
    "paths",
    "range",
    "recurse",
    "reverse",
    "rindex",
    "round",
    "rtrim",
    "rtrimstr",
    "scalars",
    "scan",
    "select",
    "skip",
    "sort",
    "sort_by",
    "split",
    "splits",
    "startswith",
    "strings",
    "sub",
    "test",
    "to_entries",
    "tojson",
    "tonumber",
    "tostring",
    "trim",
    "true",
    "type",
    "unique",
    "unique_by",
    "utf8bytelength",
    "values",
    "with_entries",
];

/// Deepest tree of an expression.
const MAX_DEPTH: usize = 200;

type Checked<'s> = Result<Term<&'s str>, ExpressionError>;

/// Checks an expression, and puts a meter behind every part of it.
pub(super) fn meter(term: Term<&str>) -> Checked<'_> {
    Checker { trusted: false }.term(term, 0)
}

/// Puts meters into a definition of the library.
pub(super) fn meter_trusted(term: Term<&str>) -> Term<&str> {
    let copy = term.clone();
    Checker { trusted: true }.term(term, 0).unwrap_or(copy)
}

/// Filters that do not look into their input, or only by what their arguments do.
const LIGHT: &[&str] = &[
    "all", "any", "empty", "error", "false", "first", "getpath", "has", "isempty", "last", "limit", "not", "nth",
    "null", "path", "range", "recurse", "select", "skip", "true", "type",
];
/// Filters that compare everything in one value to everything in another.
const SQUARE: &[&str] = &["contains", "in", "index", "indices", "inside", "rindex"];
/// Filters that search with regular expressions.
const SEARCH: &[&str] = &["capture", "gsub", "match", "scan", "splits", "sub", "test"];
/// Most states of a regular expression.
const MAX_STATES: usize = 2_000;

/// What a term pays for its input, and for each output.
fn meters(term: &Term<&str>) -> (Option<Meter>, Meter) {
    match term {
        Term::Call(name, _) if LIGHT.contains(name) => (None, Meter::Step),
        Term::Call(name, _) if SQUARE.contains(name) => (Some(Meter::Square), Meter::Weigh),
        Term::Call(name, arguments) if SEARCH.contains(name) || (*name == "split" && arguments.len() > 1) => {
            (Some(Meter::Search), Meter::Weigh)
        }
        Term::Call(..) => (Some(Meter::Weigh), Meter::Weigh),
        Term::Arr(_) | Term::Obj(_) | Term::Str(..) | Term::Fold(..) | Term::Neg(_) => (None, Meter::Weigh),
        Term::BinOp(_, BinaryOp::Math(_), _) => (None, Meter::Weigh),
        _ => (None, Meter::Step),
    }
}

fn call<'s>(meter: Meter) -> Term<&'s str> {
    Term::Call(meter.name(), Vec::new())
}

fn piped<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// The most states that a pattern can have: its length, times the numbers of its repetitions.
fn states(pattern: &str) -> usize {
    let counts = pattern.split('{').skip(1).filter_map(|rest| {
        let inner = rest.split('}').next()?;
        inner.split(',').filter_map(|number| number.trim().parse::<usize>().ok()).max()
    });
    counts.fold(pattern.len(), |states, count| states.saturating_mul(count.max(1)))
}

#[derive(Clone, Copy)]
struct Checker {
    trusted: bool,
}

impl Checker {
    fn term<'s>(self, term: Term<&'s str>, depth: usize) -> Checked<'s> {
        if depth > MAX_DEPTH && !self.trusted {
            return Err(ExpressionError::TooLarge);
        }
        let (before, after) = meters(&term);
        // `break` never has an output.
        if matches!(term, Term::Break(_)) {
            return Ok(term);
        }
        let inner = self.parts(term, depth + 1)?;
        let paid = match before {
            Some(meter) => piped(call(meter), inner),
            None => inner,
        };
        Ok(piped(paid, call(after)))
    }

    fn boxed(self, term: Term<&str>, depth: usize) -> Result<Box<Term<&str>>, ExpressionError> {
        self.term(term, depth).map(Box::new)
    }

    fn optional(self, term: Option<Box<Term<&str>>>, depth: usize) -> Result<Option<Box<Term<&str>>>, ExpressionError> {
        term.map(|term| self.boxed(*term, depth)).transpose()
    }

    fn all(self, terms: Vec<Term<&str>>, depth: usize) -> Result<Vec<Term<&str>>, ExpressionError> {
        terms.into_iter().map(|term| self.term(term, depth)).collect()
    }

    fn parts<'s>(self, term: Term<&'s str>, depth: usize) -> Checked<'s> {
        Ok(match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
            Term::Str(format, parts) => {
                self.check_call(format.unwrap_or("@text"), 0)?;
                let part = |part| match part {
                    StrPart::Term(term) => self.term(term, depth).map(StrPart::Term),
                    other => Ok(other),
                };
                Term::Str(format, parts.into_iter().map(part).collect::<Result<_, _>>()?)
            }
            Term::Arr(items) => Term::Arr(self.optional(items, depth)?),
            Term::Obj(entries) => {
                let entry = |(key, value): (_, Option<_>)| {
                    // `{a}` and `{$a}` take their value by the form of the key.
                    let Some(value) = value else { return Ok((key, None)) };
                    Ok((self.term(key, depth)?, Some(self.term(value, depth)?)))
                };
                Term::Obj(entries.into_iter().map(entry).collect::<Result<_, ExpressionError>>()?)
            }
            Term::Neg(term) => Term::Neg(self.boxed(*term, depth)?),
            Term::BinOp(left, operator, right) => {
                let operator = self.operator(operator, depth)?;
                let compares = matches!(operator, BinaryOp::Cmp(_) | BinaryOp::Math(_));
                let side = |term| {
                    let term = self.term(term, depth)?;
                    Ok(Box::new(if compares { piped(term, call(Meter::Weigh)) } else { term }))
                };
                Term::BinOp(side(*left)?, operator, side(*right)?)
            }
            Term::Label(name, term) => Term::Label(name, self.boxed(*term, depth)?),
            Term::Fold(name, source, pattern, terms) => {
                let pattern = self.pattern(pattern, depth)?;
                Term::Fold(name, self.boxed(*source, depth)?, pattern, self.all(terms, depth)?)
            }
            Term::TryCatch(term, catch) => Term::TryCatch(self.boxed(*term, depth)?, self.optional(catch, depth)?),
            Term::IfThenElse(branches, otherwise) => {
                let branch = |(condition, term)| Ok((self.term(condition, depth)?, self.term(term, depth)?));
                let branches = branches.into_iter().map(branch).collect::<Result<_, ExpressionError>>()?;
                Term::IfThenElse(branches, self.optional(otherwise, depth)?)
            }
            Term::Def(definitions, term) => {
                if !self.trusted {
                    return Err(ExpressionError::Unavailable("def".to_owned()));
                }
                let metered = |def: Def<_, _>| Ok(Def { body: self.term(def.body, depth)?, ..def });
                let definitions = definitions.into_iter().map(metered).collect::<Result<_, ExpressionError>>()?;
                Term::Def(definitions, self.boxed(*term, depth)?)
            }
            Term::Call(name, arguments) => {
                self.check_call(name, arguments.len())?;
                let (before, _) = meters(&Term::Call(name, Vec::new()));
                if !self.trusted && (SEARCH.contains(&name) || (name == "split" && arguments.len() > 1)) {
                    check_pattern(name, arguments.first())?;
                }
                let mut arguments = self.all(arguments, depth)?;
                if before == Some(Meter::Square) {
                    arguments = arguments.into_iter().map(|term| piped(term, call(Meter::Square))).collect();
                }
                Term::Call(name, arguments)
            }
            Term::Path(term, path) => {
                let part = |(part, optional)| {
                    let bound = |bound: Option<_>| bound.map(|bound| self.term(bound, depth)).transpose();
                    let part = match part {
                        Part::Index(index) => Part::Index(self.term(index, depth)?),
                        Part::Range(from, to) => Part::Range(bound(from)?, bound(to)?),
                    };
                    Ok((part, optional))
                };
                let parts = path.0.into_iter().map(part).collect::<Result<_, ExpressionError>>()?;
                Term::Path(self.boxed(*term, depth)?, Path(parts))
            }
        })
    }

    fn operator(self, operator: BinaryOp<&str>, depth: usize) -> Result<BinaryOp<&str>, ExpressionError> {
        let refused = |text: &str| Err(ExpressionError::Unavailable(text.to_owned()));
        match operator {
            BinaryOp::Pipe(pattern) => {
                Ok(BinaryOp::Pipe(pattern.map(|pattern| self.pattern(pattern, depth)).transpose()?))
            }
            other if self.trusted => Ok(other),
            BinaryOp::Assign => refused("="),
            BinaryOp::Update => refused("|="),
            BinaryOp::UpdateAlt => refused("//="),
            BinaryOp::UpdateMath(_) => refused("+="),
            // Repeats text as often as a number says, in one step.
            BinaryOp::Math(Math::Mul) => refused("*"),
            other => Ok(other),
        }
    }

    fn pattern(self, pattern: Pattern<&str>, depth: usize) -> Result<Pattern<&str>, ExpressionError> {
        Ok(match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(parts) => {
                Pattern::Arr(parts.into_iter().map(|part| self.pattern(part, depth)).collect::<Result<_, _>>()?)
            }
            Pattern::Obj(parts) => {
                let part = |(key, part)| Ok((self.key(key, depth)?, self.pattern(part, depth)?));
                Pattern::Obj(parts.into_iter().map(part).collect::<Result<_, ExpressionError>>()?)
            }
        })
    }

    /// A key of a pattern: a variable there binds itself and must stay as it is.
    fn key<'s>(self, key: Term<&'s str>, depth: usize) -> Checked<'s> {
        if matches!(key, Term::Var(_)) { Ok(key) } else { self.term(key, depth) }
    }

    fn check_call(self, name: &str, arguments: usize) -> Result<(), ExpressionError> {
        // `recurse(f)` goes as deep as f lets it.
        let known = AVAILABLE.contains(&name) && !(name == "recurse" && arguments > 0);
        if self.trusted || known { Ok(()) } else { Err(ExpressionError::Unavailable(name.to_owned())) }
    }
}

/// A regular expression is written out, so that its size is known beforehand.
fn check_pattern(name: &str, pattern: Option<&Term<&str>>) -> Result<(), ExpressionError> {
    let Some(Term::Str(None, parts)) = pattern else { return Err(ExpressionError::Pattern(name.to_owned())) };
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(part) => text.push_str(part),
            StrPart::Char(part) => text.push(*part),
            StrPart::Term(_) => return Err(ExpressionError::Pattern(name.to_owned())),
        }
    }
    if states(&text) > MAX_STATES { Err(ExpressionError::Pattern(name.to_owned())) } else { Ok(()) }
}
