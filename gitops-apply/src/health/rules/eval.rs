//! Runs a rule over an object.

use gitops_core::{Object, Value};

use super::super::{Health, HealthStatus};
use super::model::{Action, Alternative, Check, Form, Literal, Order, Part, Statement, Template, Test};
use super::path::{Operand, Scope};

/// The health that a rule gives.
pub(super) fn run(rule: &[Statement], object: &Object, label: &str) -> Health {
    let mut run = Run { scope: Scope { object, items: Vec::new() }, label, status: None, message: String::new() };
    run.block(rule);
    match run.status {
        Some(status) => Health::new(status, run.message),
        None => Health::new(HealthStatus::Unknown, run.message),
    }
}

struct Run<'a> {
    scope: Scope<'a>,
    label: &'a str,
    status: Option<HealthStatus>,
    message: String,
}

/// How a block ended.
enum Flow {
    GoOn,
    Next,
    Done,
}

impl<'a> Run<'a> {
    fn block(&mut self, statements: &[Statement]) -> Flow {
        for statement in statements {
            match self.statement(statement) {
                Flow::GoOn => {}
                other => return other,
            }
        }
        Flow::GoOn
    }

    fn statement(&mut self, statement: &Statement) -> Flow {
        match statement {
            Statement::If(tests, block) if self.all(tests) => self.block(block),
            Statement::Act(tests, action) if self.all(tests) => self.act(action),
            Statement::Each(list, block) => {
                let items: Vec<&'a Value> = match list.read(&self.scope) {
                    Some(Value::Array(items)) => items.iter().collect(),
                    Some(Value::Object(map)) => map.values().collect(),
                    _ => Vec::new(),
                };
                for item in items {
                    self.scope.items.push(item);
                    let flow = self.block(block);
                    self.scope.items.pop();
                    if matches!(flow, Flow::Done) {
                        return Flow::Done;
                    }
                }
                Flow::GoOn
            }
            Statement::If(..) | Statement::Act(..) => Flow::GoOn,
        }
    }

    fn act(&mut self, action: &Action) -> Flow {
        match action {
            Action::Next => Flow::Next,
            Action::Verdict { status, message, last } => {
                self.status = status.or(self.status);
                if let Some(template) = message {
                    self.message = self.fill(template);
                }
                if *last { Flow::Done } else { Flow::GoOn }
            }
        }
    }

    fn all(&self, tests: &[Test]) -> bool {
        tests.iter().all(|test| self.holds(test) != test.negated)
    }

    fn holds(&self, test: &Test) -> bool {
        let scope = &self.scope;
        match &test.check {
            Check::Noted => self.status.is_some(),
            Check::Truthy => test.left.value(scope).is_some_and(|value| *value != Value::Bool(false)),
            Check::Exists => test.left.value(scope).is_some(),
            Check::OneOf(literals) => self.one_of(&test.left, literals),
            Check::NoneOf(literals) => !self.one_of(&test.left, literals),
            Check::Same(right) => same(&test.left, right, scope),
            Check::Differs(right) => !same(&test.left, right, scope),
            Check::StartsWith(start) => {
                test.left.value(scope).and_then(Value::as_str).is_some_and(|text| text.starts_with(start.as_str()))
            }
            Check::Order(order, right) => {
                let texts =
                    (test.left.value(scope).and_then(Value::as_str), right.value(scope).and_then(Value::as_str));
                let found = match texts {
                    (Some(left), Some(right)) => left.partial_cmp(right),
                    _ => test.left.number(scope).partial_cmp(&right.number(scope)),
                };
                found.is_some_and(|found| match order {
                    Order::Less => found.is_lt(),
                    Order::AtMost => found.is_le(),
                    Order::More => found.is_gt(),
                    Order::AtLeast => found.is_ge(),
                })
            }
        }
    }

    fn one_of(&self, left: &Operand, literals: &[Literal]) -> bool {
        if let Operand::Length(_) | Operand::Sum(_) = left {
            return literals.contains(&Literal::Number(left.number(&self.scope)));
        }
        let Some(value) = left.value(&self.scope) else { return false };
        literals.iter().any(|literal| match literal {
            Literal::Text(text) => value.as_str() == Some(text.as_str()),
            Literal::Number(number) => value.as_f64() == Some(*number),
            Literal::Flag(flag) => value.as_bool() == Some(*flag),
        })
    }

    fn fill(&self, template: &Template) -> String {
        let mut out = String::new();
        for part in template {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Place(alternatives, form) => {
                    out.push_str(&alternatives.iter().find_map(|one| self.alternative(one, form)).unwrap_or_default());
                }
            }
        }
        out
    }

    fn alternative(&self, one: &Alternative, form: &Form) -> Option<String> {
        let text = match one {
            Alternative::Label => self.label.into(),
            Alternative::Text(text) => text.clone(),
            Alternative::Value(Operand::Value(path)) => {
                let value = path.read(&self.scope)?;
                match (form, value) {
                    (Form::Keys, Value::Object(map)) => return Some(joined(map.keys().map(String::as_str))),
                    (Form::Joined, Value::Array(items)) => return Some(joined(items.iter().filter_map(Value::as_str))),
                    (_, Value::String(text)) => text.clone(),
                    (_, other) => other.to_string(),
                }
            }
            Alternative::Value(operand) => operand.number(&self.scope).to_string(),
        };
        Some(match form {
            Form::Lower => text.to_lowercase(),
            Form::Without(part) => text.replace(part.as_str(), ""),
            Form::AsItIs | Form::Keys | Form::Joined => text,
        })
    }
}

fn joined<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    texts.collect::<Vec<_>>().join(", ")
}

/// Whether two operands are the same; two values that are absent are.
fn same(left: &Operand, right: &Operand, scope: &Scope<'_>) -> bool {
    let values = matches!((left, right), (Operand::Value(_), Operand::Value(_)));
    let (one, other) = (left.value(scope), right.value(scope));
    match (one.and_then(Value::as_f64), other.and_then(Value::as_f64)) {
        _ if !values => left.number(scope) == right.number(scope),
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}
