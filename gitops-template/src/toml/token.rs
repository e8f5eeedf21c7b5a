/// What a piece of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    End,
    /// A part of a key without quotes.
    Word,
    Text,
    EscapedText,
    RawText,
    MultilineText,
    RawMultilineText,
    Bool,
    Integer,
    Float,
    Datetime,
    Array,
    ArrayEnd,
    Table,
    TableEnd,
    TableArray,
    TableArrayEnd,
    Key,
    KeyEnd,
    InlineTable,
    InlineTableEnd,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// From 1.
    pub(super) line: usize,
}

/// What is wrong with a text, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) message: String,
}
