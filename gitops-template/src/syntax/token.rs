use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text between actions.
    Text,
    /// `{{`.
    Open,
    /// `}}`.
    Close,
    /// Blanks inside an action.
    Space,
    /// `:=`.
    Declare,
    /// `=`.
    Assign,
    /// `|`.
    Pipe,
    /// `(`.
    LeftParenthesis,
    /// `)`.
    RightParenthesis,
    /// `"text"`.
    Quoted,
    /// Text in back quotes.
    Raw,
    /// `'x'`.
    Character,
    /// A number.
    Number,
    /// A sum of a real and an imaginary number.
    Complex,
    /// `true` or `false`.
    Bool,
    /// The name of a function.
    Identifier,
    /// `.name`.
    Field,
    /// `$name`.
    Variable,
    /// `.`.
    Dot,
    /// Any other printable character.
    Other,
    /// A word of the language.
    Keyword(Keyword),
    /// The end of the text.
    End,
    /// What is wrong is in the lexer's message.
    Error,
}

/// The words of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Keyword {
    /// The keyword of a word.
    pub(crate) fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"nil" => Self::Nil,
            b"range" => Self::Range,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }
}

/// A token: what it is, where it stands, and the line it starts on, counted from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) line: usize,
}

impl Token {
    pub(crate) fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}
