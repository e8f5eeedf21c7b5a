//! Reads the rules.

use super::super::HealthStatus;
use super::model::{Action, Alternative, Check, Form, Literal, Order, Part, Rule, Statement, Template, Test};
use super::path::{Base, Key, Operand, Path};

/// The rules of a text, each as the line with its kinds and those below it; what stands before the first one has no kinds.
pub(super) fn rules(text: &str) -> Vec<(&str, &str)> {
    let mut rules = Vec::new();
    let (mut head, mut begin, mut end) = ("", 0, 0);
    for line in text.split_inclusive('\n') {
        if Line::read((0, line)).is_some_and(|line| line.indent == 0) {
            rules.push((head, &text[begin..end]));
            (head, begin) = (line.trim(), end + line.len());
        }
        end += line.len();
    }
    rules.push((head, &text[begin..end]));
    rules.retain(|(head, text)| !head.is_empty() || text.lines().enumerate().any(|line| Line::read(line).is_some()));
    rules
}

/// The statements of a rule, and what could not be read of it, with its line.
pub(super) fn rule(text: &str) -> (Rule, Vec<String>) {
    let mut problems = Vec::new();
    let lines: Vec<Line<'_>> = text.lines().enumerate().filter_map(Line::read).collect();
    let (rule, _) = block(&lines, 0, &mut problems);
    (rule, problems)
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn read((index, line): (usize, &'a str)) -> Option<Self> {
        let text = line.trim();
        let kept = !text.is_empty() && !text.starts_with("//");
        kept.then(|| Self { number: index + 1, indent: line.len() - line.trim_start().len(), text })
    }
}

/// `group/Kind=label, group/Kind`.
pub(super) fn kinds(head: &str) -> impl Iterator<Item = (&str, &str)> {
    let kinds = head.split(", ").map(|kind| kind.split_once('=').unwrap_or((kind, "")));
    kinds.map(|(kind, label)| (kind.trim().trim_end_matches(','), label))
}

/// The statements that are indented further than their head, and the lines after them.
fn block<'a, 'b>(
    mut lines: &'b [Line<'a>],
    indent: usize,
    problems: &mut Vec<String>,
) -> (Vec<Statement>, &'b [Line<'a>]) {
    let mut statements = Vec::new();
    while let Some((line, tail)) = lines.split_first() {
        if line.indent <= indent {
            break;
        }
        let (inner, after) = block(tail, line.indent, problems);
        match statement(line.text, inner) {
            Some(statement) => statements.push(statement),
            None => problems.push(format!("line {}: not a statement: `{}`", line.number, line.text)),
        }
        lines = after;
    }
    (statements, lines)
}

fn statement(text: &str, inner: Vec<Statement>) -> Option<Statement> {
    if let Some(list) = text.strip_prefix("each ") {
        return Some(Statement::Each(path(list)?, inner));
    }
    if let Some(condition) = text.strip_prefix("if ") {
        return Some(Statement::If(tests(condition)?, inner));
    }
    if !inner.is_empty() {
        return None;
    }
    if let Some(condition) = text.strip_suffix(" next") {
        return Some(Statement::Act(tests(condition)?, Action::Next));
    }
    let padded = format!(" {text}");
    let (condition, verdict, last) = match (padded.split_once(" => "), padded.split_once(" -> ")) {
        (Some((condition, verdict)), _) => (condition, verdict, true),
        (None, Some((condition, verdict))) => (condition, verdict, false),
        _ => return None,
    };
    let (status, message) = verdict.split_once(' ').unwrap_or((verdict, ""));
    let message = if message == "_" { None } else { Some(template(message)?) };
    let action = Action::Verdict { status: status_of(status)?, message, last };
    Some(Statement::Act(tests(condition)?, action))
}

fn status_of(text: &str) -> Option<Option<HealthStatus>> {
    if text == "_" { Some(None) } else { HealthStatus::named(text).map(Some) }
}

/// Tests are separated by spaces, but for those between quotes.
fn tests(text: &str) -> Option<Vec<Test>> {
    let mut quoted = false;
    let words = text.split(|letter| {
        quoted ^= letter == '\'';
        letter == ' ' && !quoted
    });
    words.filter(|word| !word.is_empty()).map(test).collect()
}

fn test(word: &str) -> Option<Test> {
    let (negated, word) = match word.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    if word == "noted" {
        return Some(Test { negated, left: Operand::Number(0.0), check: Check::Noted });
    }
    let end = operator(word);
    let (left, check) = word.split_at(end);
    let left = operand(left)?;
    let check = match check {
        "" => Check::Truthy,
        "?" => Check::Exists,
        _ => comparison(check)?,
    };
    Some(Test { negated, left, check })
}

/// Where the path ends and the comparison begins.
fn operator(word: &str) -> usize {
    let mut quoted = false;
    let found = word.find(|letter| {
        quoted ^= letter == '\'';
        !quoted && matches!(letter, '=' | '!' | '<' | '>' | '^' | '?')
    });
    found.unwrap_or(word.len())
}

fn comparison(text: &str) -> Option<Check> {
    let after = |operator| text.strip_prefix(operator);
    if let Some(right) = after("!==") {
        return Some(Check::Differs(operand(right)?));
    }
    if let Some(right) = after("==") {
        return Some(Check::Same(operand(right)?));
    }
    if let Some(right) = after("!=") {
        return Some(Check::NoneOf(literals(right)));
    }
    if let Some(right) = after("^=") {
        return Some(Check::StartsWith(right.trim_matches('\'').into()));
    }
    let orders = [(">=", Order::AtLeast), ("<=", Order::AtMost), (">", Order::More), ("<", Order::Less)];
    for (operator, order) in orders {
        if let Some(right) = after(operator) {
            return Some(Check::Order(order, operand(right)?));
        }
    }
    Some(Check::OneOf(literals(after("=")?)))
}

fn literals(text: &str) -> Vec<Literal> {
    let mut quoted = false;
    let words = text.split(|letter| {
        quoted ^= letter == '\'';
        letter == '|' && !quoted
    });
    let literal = |word: &str| match (word, word.parse()) {
        ("true", _) => Literal::Flag(true),
        ("false", _) => Literal::Flag(false),
        (_, Ok(number)) => Literal::Number(number),
        _ => Literal::Text(word.trim_matches('\'').into()),
    };
    words.map(literal).collect()
}

fn operand(text: &str) -> Option<Operand> {
    if let Ok(number) = text.parse() {
        return Some(Operand::Number(number));
    }
    if let Some(list) = text.strip_prefix('#') {
        return Some(Operand::Length(path(list)?));
    }
    match text.contains('+') {
        true => text.split('+').map(path).collect::<Option<_>>().map(Operand::Sum),
        false => path(text).map(Operand::Value),
    }
}

fn path(text: &str) -> Option<Path> {
    let (base, rest) = match text.strip_prefix('@') {
        Some(rest) => {
            let (kind, rest) = match rest.strip_prefix('\'') {
                Some(rest) => rest.split_once('\'')?,
                None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
            };
            (Base::Condition(kind.into()), rest.trim_start_matches('.'))
        }
        None => match (text.strip_prefix(".."), text.strip_prefix('.')) {
            (Some(rest), _) => (Base::Item(1), rest),
            (None, Some(rest)) => (Base::Item(0), rest),
            _ => (Base::Object, text),
        },
    };
    let named = matches!(base, Base::Object);
    let keys = keys(rest)?;
    (!named || !keys.is_empty()).then_some(Path { base, keys })
}

fn keys(mut rest: &str) -> Option<Vec<Key>> {
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(bracket) = rest.strip_prefix('[') {
            let (inner, after) = bracket.split_once(']')?;
            keys.push(match inner {
                "0" => Key::First,
                "-1" => Key::Last,
                _ => Key::Name(inner.strip_prefix('\'')?.strip_suffix('\'')?.into()),
            });
            rest = after.strip_prefix('.').unwrap_or(after);
            continue;
        }
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'));
        if name.is_empty() || !plain {
            return None;
        }
        keys.push(Key::Name(name.into()));
        rest = after.strip_prefix('.').unwrap_or(after);
    }
    Some(keys)
}

fn template(text: &str) -> Option<Template> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (place, after) = after.split_once('}')?;
        parts.push(Part::Text(unescaped(before)));
        let (place, form) = place.split_once('~').unwrap_or((place, ""));
        let alternatives: Option<Vec<_>> = place.split('|').map(alternative).collect();
        parts.push(Part::Place(alternatives?, form_of(form)?));
        rest = after;
    }
    parts.push(Part::Text(unescaped(rest)));
    Some(parts)
}

fn form_of(text: &str) -> Option<Form> {
    Some(match text {
        "" => Form::AsItIs,
        "lower" => Form::Lower,
        "keys" => Form::Keys,
        "joined" => Form::Joined,
        _ => Form::Without(text.strip_prefix("without:")?.into()),
    })
}

fn alternative(text: &str) -> Option<Alternative> {
    match text {
        "label" => Some(Alternative::Label),
        _ if text.starts_with('\'') => Some(Alternative::Text(text.trim_matches('\'').into())),
        _ => operand(text).map(Alternative::Value),
    }
}

fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\s", " ")
}
