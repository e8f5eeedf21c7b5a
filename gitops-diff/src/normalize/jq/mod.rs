//! jq path expressions: which fields `path(EXPR)` names, within a budget.
//!
//! Tenants write these expressions, and an evaluation of jq cannot be interrupted from outside. So an expression is
//! checked when it is compiled (only filters whose work is in proportion to what they read, no recursion), and every
//! step of it pays from a budget that ends the evaluation in a way that no `try` catches.

mod budget;
mod check;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;

use gitops_core::Map;
use jaq_core::load::lex::{StrPart, Tok, Token};
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Lexer, Loader, Parser};
use jaq_core::{Compiler, Ctx, Filter, Vars};
use thiserror::Error;

pub(crate) use value::{Step, ValuePath};

use budget::{Budget, Data, Engine};

/// Longest expression, in bytes.
const MAX_LENGTH: usize = 4096;
/// Deepest nesting of brackets.
const MAX_NESTING: usize = 32;
/// Most tokens: the parser goes a level deeper for some of them.
const MAX_TOKENS: usize = 400;
/// Steps of one evaluation. One step reads, makes or passes on about one value.
const MAX_STEPS: u64 = 4_000_000;
/// Most fields that one evaluation may name.
const MAX_PATHS: usize = 100_000;

/// Filters of jq's manual (1.8) that jaq's library lacks.
const DEFINITIONS: &str = "def IN(s): any(s == .; .); def IN(src; s): any(src == s; .);";

/// Why an expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// It is longer or nested deeper than allowed.
    #[error("longer than {MAX_LENGTH} bytes or {MAX_TOKENS} tokens, or nested deeper than {MAX_NESTING} brackets")]
    TooLarge,
    /// It is no jq.
    #[error("not a jq expression: expected {expected} before `{rest}`")]
    Syntax {
        /// What belongs there.
        expected: String,
        /// What stands there; empty at the end.
        rest: String,
    },
    /// It uses what a path expression may not use: definitions, recursion, updates, or a filter that is not known.
    #[error("`{0}` is not available in path expressions")]
    Unavailable(String),
    /// A regular expression that is not written out, or is too large.
    #[error("`{0}`: the regular expression must be a text of its own, of at most 2000 states")]
    Pattern(String),
    /// It uses a variable that is not bound.
    #[error("it does not compile: undefined `{0}`")]
    Undefined(String),
}

/// Why an evaluation gave no result. The value that it failed on is not named: it may be a secret of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum EvaluationError {
    #[error("stopped after {MAX_STEPS} steps")]
    Budget,
    #[error("does not fit this object, so it leaves nothing out")]
    Failed,
}

/// A compiled expression.
pub(crate) struct Expression {
    filter: Filter<Engine>,
}

impl fmt::Debug for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Expression")
    }
}

impl Expression {
    pub(crate) fn compile(text: &str) -> Result<Self, ExpressionError> {
        let term = check::meter(parse(text)?)?;
        let own = jaq_core::load::parse(DEFINITIONS, |parser| parser.defs()).unwrap_or_default();
        let library = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).chain(own);
        let library = library.map(|def| Def { body: check::meter_trusted(def.body), ..def });
        // The expression is a definition of its own, so that its tree can be changed before it is compiled.
        let rule = Def { name: "ignored_fields", args: Vec::new(), body: term };
        let arena = Arena::default();
        let main = File { code: "path(ignored_fields)", path: () };
        let modules = Loader::new(library.chain([rule])).load(&arena, main).map_err(|_| ExpressionError::TooLarge)?;
        let filter = Compiler::default().with_funs(budget::functions()).compile(modules).map_err(|errors| {
            let names = errors.into_iter().flat_map(|(_, undefined)| undefined).map(|(name, _)| name.to_owned());
            ExpressionError::Undefined(names.collect::<Vec<_>>().join("`, `"))
        })?;
        Ok(Self { filter })
    }

    /// The paths that the expression names in a document, in its order.
    pub(crate) fn paths(&self, document: &Map) -> Result<Vec<ValuePath>, EvaluationError> {
        self.paths_within(document, MAX_STEPS)
    }

    fn paths_within(&self, document: &Map, steps: u64) -> Result<Vec<ValuePath>, EvaluationError> {
        let budget = Budget::new(steps);
        let data = Data { lut: &self.filter.lut, budget: &budget };
        let input = value::from_map(document);
        let mut out = Vec::new();
        for result in self.filter.id.run((Ctx::<Engine>::new(data, Vars::new([])), input)) {
            let path = result
                .map_err(|_| if budget.is_spent() { EvaluationError::Budget } else { EvaluationError::Failed })?;
            if out.len() >= MAX_PATHS {
                return Err(EvaluationError::Budget);
            }
            out.extend(value::path(&path));
        }
        Ok(out)
    }
}

fn parse(text: &str) -> Result<Term<&str>, ExpressionError> {
    if text.len() > MAX_LENGTH || nesting(text) > MAX_NESTING {
        return Err(ExpressionError::TooLarge);
    }
    let syntax = |expected: &str, rest: &str| ExpressionError::Syntax {
        expected: expected.to_owned(),
        rest: rest.chars().take(40).collect(),
    };
    let tokens = Lexer::new(text).lex().map_err(|errors| {
        errors.first().map_or_else(|| syntax("an expression", text), |(expected, rest)| syntax(expected.as_str(), rest))
    })?;
    if count(&tokens) > MAX_TOKENS {
        return Err(ExpressionError::TooLarge);
    }
    Parser::new(&tokens).parse(|parser| parser.term()).map_err(|errors| {
        let rest = |token: Option<&Token<&str>>| token.map_or("", |token| token.0).to_owned();
        errors
            .into_iter()
            .next()
            .map_or_else(|| syntax("an expression", text), |(expected, token)| syntax(expected.as_str(), &rest(token)))
    })
}

/// Every token, those in brackets and texts included.
fn count(tokens: &[Token<&str>]) -> usize {
    let inner = |token: &Token<&str>| match &token.1 {
        Tok::Block(tokens) => count(tokens),
        Tok::Str(parts) => {
            parts.iter().map(|part| if let StrPart::Term(term) = part { count_one(term) } else { 1 }).sum()
        }
        _ => 0,
    };
    tokens.iter().map(|token| 1 + inner(token)).sum()
}

fn count_one(token: &Token<&str>) -> usize {
    count(std::slice::from_ref(token))
}

/// How deep brackets are nested, those in texts included.
fn nesting(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
