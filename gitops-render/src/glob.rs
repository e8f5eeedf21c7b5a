//! Globs of gobwas/glob: Argo CD's without separators, so that `*` and `?` match slashes too, and Helm's, whose do not.

/// Alternatives inside alternatives.
const MAX_DEPTH: usize = 16;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Glob(Vec<Token>);

#[derive(Debug)]
enum Token {
    Literal(char),
    One,
    Many,
    /// One letter that is no slash.
    OneInside,
    /// Any number of letters that are no slashes.
    ManyInside,
    Class {
        not: bool,
        members: Members,
    },
    Alternatives(Vec<Vec<Token>>),
}

#[derive(Debug)]
enum Members {
    Range(char, char),
    List(Vec<char>),
}

impl Glob {
    /// Compiles a pattern: `*`, `?`, `[a-z]`, `[!abc]`, `{one,two}` and `\` before a letter that stands for itself.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        Self::compile(pattern, false)
    }

    /// The same with the slash as a separator: `*` and `?` stop at it, `**` does not.
    pub(crate) fn with_separators(pattern: &str) -> Result<Self, String> {
        Self::compile(pattern, true)
    }

    fn compile(pattern: &str, separators: bool) -> Result<Self, String> {
        let letters: Vec<char> = pattern.chars().collect();
        let mut parser = Parser { letters: &letters, at: 0, separators };
        let tokens = parser.sequence(0)?;
        Ok(Self(tokens))
    }

    /// Whether the whole text matches. Takes at most pattern length times text length steps.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let letters: Vec<char> = text.chars().collect();
        let mut start = vec![false; letters.len() + 1];
        if let Some(first) = start.first_mut() {
            *first = true;
        }
        step(&self.0, &letters, start).last().copied().unwrap_or(false)
    }
}

/// The positions that a sequence can end at, from those that it can start at.
fn step(tokens: &[Token], letters: &[char], mut at: Vec<bool>) -> Vec<bool> {
    for token in tokens {
        at = match token {
            Token::Many => {
                let mut reached = false;
                let from_here_on = |here| {
                    reached |= here;
                    reached
                };
                at.into_iter().map(from_here_on).collect()
            }
            Token::ManyInside => {
                let mut reached = false;
                // A slash can be stood before, not passed.
                let passable = std::iter::once(true).chain(letters.iter().map(|letter| *letter != '/'));
                let from_here_on = |(here, passable): (bool, bool)| {
                    reached = here || (reached && passable);
                    reached
                };
                at.into_iter().zip(passable).map(from_here_on).collect()
            }
            Token::Alternatives(branches) => {
                let mut ends = vec![false; at.len()];
                for branch in branches {
                    let reached = step(branch, letters, at.clone());
                    ends.iter_mut().zip(reached).for_each(|(end, reached)| *end |= reached);
                }
                ends
            }
            one => {
                let moved = at.iter().zip(letters).map(|(here, letter)| *here && one.accepts(*letter));
                std::iter::once(false).chain(moved).collect()
            }
        };
    }
    at
}

impl Token {
    fn accepts(&self, letter: char) -> bool {
        match self {
            Self::Literal(wanted) => *wanted == letter,
            Self::One => true,
            Self::OneInside => letter != '/',
            Self::Class { not, members } => {
                let within = match members {
                    Members::Range(low, high) => (*low..=*high).contains(&letter),
                    Members::List(list) => list.contains(&letter),
                };
                within != *not
            }
            Self::Many | Self::ManyInside | Self::Alternatives(_) => false,
        }
    }
}

struct Parser<'a> {
    letters: &'a [char],
    at: usize,
    separators: bool,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let letter = self.peek();
        self.at += 1;
        letter
    }

    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    /// Tokens to the end, or inside braces to the next `,` or `}`, which is left.
    fn sequence(&mut self, depth: usize) -> Result<Vec<Token>, String> {
        if depth > MAX_DEPTH {
            return Err("too many braces inside each other".into());
        }
        let mut tokens = Vec::new();
        while let Some(letter) = self.peek() {
            if depth > 0 && (letter == ',' || letter == '}') {
                return Ok(tokens);
            }
            self.at += 1;
            tokens.push(match letter {
                '*' if self.separators && self.peek() != Some('*') => Token::ManyInside,
                '*' => Token::Many,
                '?' if self.separators => Token::OneInside,
                '?' => Token::One,
                '[' => self.class()?,
                '{' => self.alternatives(depth + 1)?,
                '\\' => match self.next() {
                    Some(letter) => Token::Literal(letter),
                    None => return Err("a backslash at its end".into()),
                },
                letter => Token::Literal(letter),
            });
        }
        if depth > 0 { Err("`{` is not closed".into()) } else { Ok(tokens) }
    }

    fn alternatives(&mut self, depth: usize) -> Result<Token, String> {
        let mut branches = Vec::new();
        loop {
            branches.push(self.sequence(depth)?);
            if self.next() == Some('}') {
                return Ok(Token::Alternatives(branches));
            }
        }
    }

    fn class(&mut self) -> Result<Token, String> {
        let open = || "`[` is not closed".to_owned();
        let not = self.peek() == Some('!');
        if not {
            self.at += 1;
        }
        let first = self.peek().ok_or_else(open)?;
        if self.letters.get(self.at + 1) == Some(&'-') {
            self.at += 2;
            let last = self.next().ok_or_else(open)?;
            if self.next() != Some(']') {
                return Err("a range is two letters with `-` between them".into());
            }
            if last < first {
                return Err(format!("the range `{first}-{last}` is empty"));
            }
            return Ok(Token::Class { not, members: Members::Range(first, last) });
        }
        let mut list = Vec::new();
        loop {
            match self.next().ok_or_else(open)? {
                ']' if list.is_empty() => return Err("`[]` holds no letter".into()),
                ']' => return Ok(Token::Class { not, members: Members::List(list) }),
                '\\' => list.push(self.next().ok_or_else(open)?),
                letter => list.push(letter),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).unwrap().matches(text)
    }

    #[test]
    fn separators_stop_stars() {
        let matches = |pattern: &str, text: &str| Glob::with_separators(pattern).unwrap().matches(text);
        assert!(matches("config/*.txt", "config/a.txt"));
        assert!(!matches("config/*.txt", "config/sub/a.txt"));
        assert!(matches("**.txt", "config/sub/a.txt"));
        assert!(matches("config/**", "config/sub/a.txt"));
        assert!(matches("*/*", "a/b"));
        assert!(!matches("a?b", "a/b"));
        assert!(matches("config/{a,b}.*", "config/b.yaml"));
    }

    #[test]
    fn patterns_match_as_in_gobwas() {
        assert!(matches("*.yaml", "a/b/c.yaml"));
        assert!(matches("{config.json,env-us-west-2/*}", "env-us-west-2/a/b.yaml"));
        assert!(matches("a?c", "a/c"));
        assert!(!matches("a?c", "ac"));
        assert!(matches("{,x}y", "y"));
        assert!(matches("{a,{b,c}d}", "cd"));
        assert!(matches("[a-c]x", "bx"));
        assert!(!matches("[!a-c]x", "bx"));
        assert!(matches("[^a]x", "^x"));
        assert!(!matches("[^a]x", "bx"));
        assert!(matches(r"\*a,}", "*a,}"));
        assert!(matches("**/x", "a/b/x"));
        assert!(!matches("", "a"));
        assert!(matches("*", ""));
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for pattern in ["a{", "[]a]", "[a", "[z-a]", "[a-bc]", "a\\", &"{".repeat(100)] {
            assert!(Glob::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_text_matches_itself_alone(text in "[a-z*?{},\\[\\]!/\\\\-]{0,12}", other in "[a-z*]{0,12}") {
            let escaped: String = text.chars().flat_map(|letter| ['\\', letter]).collect();
            prop_assert!(matches(&escaped, &text));
            prop_assert_eq!(matches(&escaped, &other), text == other);
            let (open, longer) = (escaped.clone() + "*", text.clone() + &other);
            prop_assert!(matches(&open, &longer));
            let either = ["{x,", &escaped, "}"].concat();
            prop_assert!(matches(&either, &text));
        }

        #[test]
        fn no_pattern_panics(pattern in "[a-c*?{},!\\[\\]\\\\-]{0,20}", text in "[a-c]{0,8}") {
            let _ = Glob::new(&pattern).map(|glob| glob.matches(&text));
        }
    }

    #[test]
    fn long_texts_take_no_time() {
        assert!(!matches(&"*a".repeat(50), &"b".repeat(10_000)));
    }
}
