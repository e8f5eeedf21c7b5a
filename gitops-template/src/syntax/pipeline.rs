//! Pipelines: commands and what they are made of.

use smallvec::SmallVec;

use super::node::{Command, Expression, Literal, Name, Number, Pipe, Term};
use super::parse::{MAX_DEPTH, Parsed, Parser};
use super::token::{Keyword, Kind};
use crate::quote::quote;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let position = self.peek_word().start;
        let mut declares = SmallVec::new();
        let mut assigns = false;
        while self.declaration(&mut declares, &mut assigns, context)? {}
        let mut commands: SmallVec<[Command; 4]> = SmallVec::new();
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::Character
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Keyword(Keyword::Nil)
                | Kind::Raw
                | Kind::Quoted
                | Kind::Variable
                | Kind::LeftParenthesis => {
                    self.back(token);
                    let command = self.command()?;
                    commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
        self.check(&commands, context)?;
        Ok(Pipe { position, declares: declares.into_boxed_slice(), assigns, commands: commands.into_boxed_slice() })
    }

    /// Takes one declared variable; whether another may follow.
    fn declaration(&mut self, declares: &mut SmallVec<[Name; 2]>, assigns: &mut bool, context: &str) -> Parsed<bool> {
        let variable = self.peek_word();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next_word();
        let after = self.next();
        let next = if after.kind == Kind::Space { self.next_word() } else { after };
        let comma = next.kind == Kind::Other && self.bytes(&next) == b",";
        if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
            self.back(next);
            if after.kind == Kind::Space {
                self.back(after);
            }
            self.back(variable);
            return Ok(false);
        }
        let name = self.name(variable.range());
        declares.push(name.clone());
        self.variables.push(name);
        if !comma {
            *assigns = next.kind == Kind::Assign;
            return Ok(false);
        }
        if context != "range" || declares.len() > 1 {
            return self.error(format!("too many declarations in {context}"));
        }
        match self.peek_word().kind {
            Kind::Variable | Kind::Close | Kind::RightParenthesis => Ok(true),
            _ => self.error("range can only initialize variables"),
        }
    }

    fn check(&self, commands: &[Command], context: &str) -> Parsed<()> {
        if commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in commands.iter().enumerate().skip(1) {
            let executable = !matches!(
                command.arguments.first().map(|first| &first.what),
                Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Text(_))
            );
            if !executable {
                return self.error(format!("non executable command in pipeline stage {}", index + 1));
            }
        }
        Ok(())
    }

    fn command(&mut self) -> Parsed<Command> {
        let position = self.peek_word().start;
        let mut arguments: SmallVec<[Expression; 4]> = SmallVec::new();
        loop {
            if let Some(operand) = self.operand()? {
                arguments.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::Close | Kind::RightParenthesis => self.back(token),
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if arguments.is_empty() {
            return self.error("empty command");
        }
        Ok(Command { position, arguments: arguments.into_boxed_slice() })
    }

    fn operand(&mut self) -> Parsed<Option<Expression>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let next = self.peek();
        if next.kind != Kind::Field {
            return Ok(Some(term));
        }
        let mut names: SmallVec<[Name; 8]> = SmallVec::new();
        if let Term::Field(fields) = &term.what {
            names.extend(fields.iter().cloned());
        }
        while self.peek().kind == Kind::Field {
            let token = self.next();
            names.push(self.name(token.start + 1..token.end));
        }
        let position = next.start;
        let fields = names.into_boxed_slice();
        let what = match term.what {
            Term::Field(_) => Term::Field(fields),
            Term::Variable(variable) => Term::Variable(Box::new((variable.0, fields))),
            Term::Bool(_) | Term::Text(_) | Term::Number(_) | Term::Nil | Term::Dot => {
                return self.error(format!("unexpected . after term {}", quote(term.to_string().as_bytes())));
            }
            _ => Term::Chain(Box::new((term, fields))),
        };
        Ok(Some(Expression { position, what }))
    }

    fn term(&mut self) -> Parsed<Option<Expression>> {
        let token = self.next_word();
        let bytes = self.bytes(&token);
        let what = match token.kind {
            Kind::Identifier => match self.functions.get(bytes) {
                Some(function) => Term::Function(function),
                None => return self.error(format!("function {} not defined", quote(bytes))),
            },
            Kind::Dot => Term::Dot,
            Kind::Keyword(Keyword::Nil) => Term::Nil,
            Kind::Variable => {
                let Some(name) = self.variables.iter().rfind(|known| ***known == *bytes) else {
                    return self.error(format!("undefined variable {}", quote(bytes)));
                };
                Term::Variable(Box::new((name.clone(), Box::default())))
            }
            Kind::Field => Term::Field(Box::new([self.name(token.start + 1..token.end)])),
            Kind::Bool => Term::Bool(bytes == b"true"),
            Kind::Character | Kind::Complex | Kind::Number => match Number::read(bytes, token.kind) {
                Ok(number) => Term::Number(Box::new(number)),
                Err(message) => return self.error(message),
            },
            Kind::LeftParenthesis => return self.parenthesized().map(Some),
            Kind::Quoted | Kind::Raw => {
                let value = self.text(&token)?;
                Term::Text(Box::new(Literal { value, quoted: self.name(token.range()) }))
            }
            _ => {
                self.back(token);
                return Ok(None);
            }
        };
        Ok(Some(Expression { position: token.start, what }))
    }

    fn parenthesized(&mut self) -> Parsed<Expression> {
        if self.depth >= MAX_DEPTH {
            return self.error("max expression depth exceeded");
        }
        self.depth += 1;
        let pipe =
            stacker::maybe_grow(64 << 10, 1 << 20, || self.pipeline("parenthesized pipeline", Kind::RightParenthesis));
        self.depth -= 1;
        let pipe = pipe?;
        Ok(Expression { position: pipe.position, what: Term::Pipe(Box::new(pipe)) })
    }
}
