//! Tokens to templates, as Go 1.26's `text/template/parse` takes them, with its words for what is wrong.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::lex::{Delimiters, Lexer};
use super::node::{Branch, Call, Name, Node, Pipe, Source, Template, What};
use super::token::{Keyword, Kind, Token};
use crate::functions::Functions;
use crate::quote::{quote, unquote};
use crate::value::Text;

/// How deep parentheses and blocks may nest.
pub(super) const MAX_DEPTH: usize = 1_000;

/// Why a file is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {file}:{line}: {message}")]
#[non_exhaustive]
pub struct ParseError {
    /// The name of the file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, in Go's words.
    pub message: String,
}

/// The templates of a file: the file itself, which comes last, and those that it defines.
pub type Templates = Vec<Arc<Template>>;

/// Reads the templates of a file, whose text they share.
///
/// # Errors
/// Where it is no template, or calls a function that is not among `functions`.
pub fn parse(name: &str, text: Bytes, functions: &Functions, delimiters: &Delimiters) -> Result<Templates, ParseError> {
    let source = Arc::new(Source { name: name.to_owned(), text: text.clone() });
    let mut parser = Parser {
        lexer: Lexer::new(&text, delimiters),
        pending: Vec::new(),
        current: Token { kind: Kind::End, start: 0, end: 0, line: 1 },
        source,
        functions,
        names: HashSet::new(),
        variables: vec![Text::from("$")],
        ranges: 0,
        depth: 0,
        action_line: 0,
        defined: HashMap::new(),
        order: Vec::new(),
    };
    let body = parser.file()?;
    parser.define(Text::from(name), body)?;
    Ok(parser.order.iter().filter_map(|name| parser.defined.get(name).cloned()).collect())
}

pub(super) struct Parser<'t> {
    lexer: Lexer<'t>,
    /// Tokens that were put back, the next one last.
    pending: Vec<Token>,
    /// The token that errors are placed at.
    current: Token,
    source: Arc<Source>,
    pub(super) functions: &'t Functions,
    /// The names and literals so far, which a file repeats.
    names: HashSet<Text>,
    pub(super) variables: Vec<Name>,
    ranges: usize,
    pub(super) depth: usize,
    action_line: usize,
    defined: HashMap<Text, Arc<Template>>,
    order: Vec<Text>,
}

pub(super) type Parsed<T> = Result<T, ParseError>;

/// What ends a list of nodes.
enum Ending {
    End,
    Else,
}

impl Ending {
    pub(super) fn shown(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

/// A node, or the end of its list.
enum Step {
    Node(Node),
    Ending(Ending),
}

impl Parser<'_> {
    pub(super) fn next(&mut self) -> Token {
        if let Some(token) = self.pending.pop() {
            return token;
        }
        self.current = self.lexer.next_token();
        self.current
    }

    pub(super) fn back(&mut self, token: Token) {
        self.pending.push(token);
    }

    pub(super) fn peek(&mut self) -> Token {
        let token = self.next();
        self.back(token);
        token
    }

    pub(super) fn next_word(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    pub(super) fn peek_word(&mut self) -> Token {
        let token = self.next_word();
        self.back(token);
        token
    }

    pub(super) fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(ParseError { file: self.source.name.clone(), line: self.current.line, message: message.into() })
    }

    pub(super) fn bytes(&self, token: &Token) -> &[u8] {
        self.source.text.get(token.range()).unwrap_or_default()
    }

    pub(super) fn shown(&self, token: &Token) -> String {
        let text = self.bytes(token);
        match token.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Error => self.lexer.message().to_owned(),
            Kind::Keyword(_) | Kind::Dot => format!("<{}>", String::from_utf8_lossy(text)),
            _ if text.len() > 10 => {
                let start: String = String::from_utf8_lossy(text).chars().take(10).collect();
                format!("{}...", quote(start.as_bytes()))
            }
            _ => quote(text),
        }
    }

    pub(super) fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        if token.kind != Kind::Error {
            return self.error(format!("unexpected {} in {context}", self.shown(token)));
        }
        let message = self.lexer.message();
        let mut extra = String::new();
        if self.action_line != 0 && self.action_line != token.line {
            let started = format!(" in action started at {}:{}", self.source.name, self.action_line);
            let cut = if message.ends_with(" action") { " in action".len() } else { 0 };
            extra = started.get(cut..).unwrap_or_default().to_owned();
        }
        self.error(format!("{message}{extra}"))
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    /// Keeps a template unless one of its name is there already and it is empty.
    fn define(&mut self, name: Text, body: Box<[Node]>) -> Parsed<()> {
        let template = Arc::new(Template { name: name.clone(), source: Arc::clone(&self.source), body });
        match self.defined.get(&name) {
            Some(before) if !before.is_empty() => {
                if !template.is_empty() {
                    return self.error(format!("template: multiple definition of template {}", quote(&name)));
                }
            }
            before => {
                if before.is_none() {
                    self.order.push(name.clone());
                }
                self.defined.insert(name, template);
            }
        }
        Ok(())
    }

    fn file(&mut self) -> Parsed<Box<[Node]>> {
        let mut body = Vec::new();
        loop {
            let token = self.next();
            match token.kind {
                Kind::End => return Ok(body.into()),
                Kind::Open => {
                    let word = self.next_word();
                    if word.kind == Kind::Keyword(Keyword::Define) {
                        self.definition()?;
                        continue;
                    }
                    self.back(word);
                    self.back(token);
                }
                _ => self.back(token),
            }
            match self.text_or_action()? {
                Step::Node(node) => body.push(node),
                Step::Ending(ending) => return self.error(format!("unexpected {}", ending.shown())),
            }
        }
    }

    fn definition(&mut self) -> Parsed<()> {
        let context = "define clause";
        let token = self.next_word();
        let name = self.template_name(&token, context)?;
        self.expect(Kind::Close, context)?;
        let body = self.separate_body(context)?;
        self.define(name, body)
    }

    /// The body of a template of its own, which sees no variables of the one it stands in.
    fn separate_body(&mut self, context: &str) -> Parsed<Box<[Node]>> {
        let variables = std::mem::replace(&mut self.variables, vec![Text::from("$")]);
        let ranges = std::mem::take(&mut self.ranges);
        let (body, ending) = self.list()?;
        self.variables = variables;
        self.ranges = ranges;
        match ending {
            Ending::End => Ok(body),
            Ending::Else => self.error(format!("unexpected {} in {context}", ending.shown())),
        }
    }

    fn list(&mut self) -> Parsed<(Box<[Node]>, Ending)> {
        if self.depth >= MAX_DEPTH {
            return self.error("blocks are nested too deeply");
        }
        self.depth += 1;
        let list = stacker::maybe_grow(64 << 10, 1 << 20, || self.list_below());
        self.depth -= 1;
        list
    }

    fn list_below(&mut self) -> Parsed<(Box<[Node]>, Ending)> {
        let mut nodes = Vec::new();
        while self.peek_word().kind != Kind::End {
            match self.text_or_action()? {
                Step::Node(node) => nodes.push(node),
                Step::Ending(ending) => return Ok((nodes.into(), ending)),
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Parsed<Step> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => Ok(Step::Node(Node { position: token.start, what: What::Text(token.range()) })),
            Kind::Open => {
                self.action_line = token.line;
                let step = self.action();
                self.action_line = 0;
                step
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Step> {
        let token = self.next_word();
        let Kind::Keyword(keyword) = token.kind else {
            self.back(token);
            let position = self.peek().start;
            let pipe = self.pipeline("command", Kind::Close)?;
            return Ok(Step::Node(Node { position, what: What::Action(pipe) }));
        };
        let position = token.start;
        let node = |position, what| Ok(Step::Node(Node { position, what }));
        match keyword {
            Keyword::Block => self.block(),
            Keyword::Break => self.jump("{{break}}", position, What::Break),
            Keyword::Continue => self.jump("{{continue}}", position, What::Continue),
            Keyword::Else => self.otherwise(),
            Keyword::End => self.expect(Kind::Close, "end").map(|_| Step::Ending(Ending::End)),
            Keyword::If => self.branch("if").and_then(|branch| node(branch.pipe.position, What::If(branch))),
            Keyword::Range => self.branch("range").and_then(|branch| node(branch.pipe.position, What::Range(branch))),
            Keyword::With => self.branch("with").and_then(|branch| node(branch.pipe.position, What::With(branch))),
            Keyword::Template => self.template(),
            Keyword::Define | Keyword::Nil => {
                self.back(token);
                let pipe = self.pipeline("command", Kind::Close)?;
                node(position, What::Action(pipe))
            }
        }
    }

    fn jump(&mut self, shown: &str, position: usize, what: What) -> Parsed<Step> {
        let token = self.next_word();
        if token.kind != Kind::Close {
            return self.unexpected(&token, shown);
        }
        if self.ranges == 0 {
            return self.error(format!("{shown} outside {{{{range}}}}"));
        }
        Ok(Step::Node(Node { position, what }))
    }

    fn otherwise(&mut self) -> Parsed<Step> {
        let next = self.peek_word();
        if !matches!(next.kind, Kind::Keyword(Keyword::If | Keyword::With)) {
            self.expect(Kind::Close, "else")?;
        }
        Ok(Step::Ending(Ending::Else))
    }

    fn branch(&mut self, context: &str) -> Parsed<Box<Branch>> {
        let mark = self.variables.len();
        let branch = self.branch_inside(context);
        self.variables.truncate(mark);
        branch
    }

    fn branch_inside(&mut self, context: &str) -> Parsed<Box<Branch>> {
        let pipe = self.pipeline(context, Kind::Close)?;
        let in_range = usize::from(context == "range");
        self.ranges += in_range;
        let (then, ending) = self.list()?;
        self.ranges -= in_range;
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => Some(self.else_list(context)?),
        };
        Ok(Box::new(Branch { pipe, then, otherwise }))
    }

    fn else_list(&mut self, context: &str) -> Parsed<Box<[Node]>> {
        let next = self.peek();
        let chained = match next.kind {
            Kind::Keyword(Keyword::If) if context == "if" => true,
            Kind::Keyword(Keyword::With) if context == "with" => true,
            _ => false,
        };
        if chained {
            let _ = self.next();
            if self.depth >= MAX_DEPTH {
                return self.error("blocks are nested too deeply");
            }
            self.depth += 1;
            let branch = stacker::maybe_grow(64 << 10, 1 << 20, || self.branch(context));
            self.depth -= 1;
            let branch = branch?;
            let position = branch.pipe.position;
            let what = if context == "if" { What::If(branch) } else { What::With(branch) };
            return Ok(Box::new([Node { position, what }]));
        }
        let (nodes, ending) = self.list()?;
        match ending {
            Ending::End => Ok(nodes),
            Ending::Else => self.error("expected end; found {{else}}"),
        }
    }

    fn block(&mut self) -> Parsed<Step> {
        let context = "block clause";
        let token = self.next_word();
        let name = self.template_name(&token, context)?;
        let pipe = self.pipeline(context, Kind::Close)?;
        let body = self.separate_body(context)?;
        self.define(name.clone(), body)?;
        Ok(self.call(&token, name, Some(pipe)))
    }

    fn template(&mut self) -> Parsed<Step> {
        let context = "template clause";
        let token = self.next_word();
        let name = self.template_name(&token, context)?;
        let next = self.next_word();
        let pipe = if next.kind == Kind::Close {
            None
        } else {
            self.back(next);
            Some(self.pipeline(context, Kind::Close)?)
        };
        Ok(self.call(&token, name, pipe))
    }

    fn call(&self, token: &Token, name: Text, pipe: Option<Pipe>) -> Step {
        let quoted = quote(&name).into();
        Step::Node(Node { position: token.start, what: What::Template(Box::new(Call { name, quoted, pipe })) })
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<Text> {
        match token.kind {
            Kind::Quoted | Kind::Raw => self.text(token),
            _ => self.unexpected(token, context),
        }
    }

    /// A text in quotes without them.
    pub(super) fn text(&mut self, token: &Token) -> Parsed<Text> {
        let bytes = self.bytes(token);
        if let [b'"', plain @ .., b'"'] = bytes
            && plain.iter().all(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\\' | b'\n'))
        {
            return Ok(self.name(token.start + 1..token.end - 1));
        }
        match unquote(bytes) {
            Some(text) => Ok(text.into()),
            None => self.error("invalid syntax"),
        }
    }

    /// A part of the file as a name, which is one text with all that are equal.
    pub(super) fn name(&mut self, range: Range<usize>) -> Name {
        let bytes = self.source.text.get(range).unwrap_or_default();
        if let Some(known) = self.names.get(bytes) {
            return known.clone();
        }
        let name = Text::from(bytes);
        self.names.insert(name.clone());
        name
    }
}
