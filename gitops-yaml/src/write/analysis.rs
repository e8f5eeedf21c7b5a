//! Which styles can carry a string, as go-yaml's `yaml_emitter_analyze_scalar` decides it.

/// What a string holds that bears on its style.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Analysis {
    /// It has a line break of any kind.
    pub(super) multiline: bool,
    /// It may stand in a block without quotes.
    pub(super) plain: bool,
    /// It may stand in single quotes.
    pub(super) single_quoted: bool,
    /// It may stand as a literal block.
    pub(super) block: bool,
}

/// Whether a character breaks a line for go-yaml.
pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether go-yaml writes a character as itself.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && character != '\u{feff}'
}

/// Looks at every character once.
pub(super) fn analyze(text: &str) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single_quoted: true, block: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut multiline, mut special, mut space_break, mut break_space) = (false, false, false, false);
    let (mut after_space, mut after_break, mut after_blank) = (false, false, true);
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(character) = characters.next() {
        let blank_follows = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        indicators |= match character {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            '?' | '-' => first && blank_follows,
            ':' => blank_follows,
            '#' => after_blank,
            _ => false,
        };
        special |= !is_printable(character);
        let (space, newline) = (character == ' ', is_break(character));
        break_space |= space && after_break;
        space_break |= newline && after_space;
        multiline |= newline;
        (after_space, after_break) = (space, newline);
        after_blank = space || newline || matches!(character, '\t' | '\0');
        first = false;
    }
    let leading = text.chars().next().is_some_and(|first| first == ' ' || is_break(first));
    let bare = !space_break && !special;
    Analysis {
        multiline,
        plain: bare && !break_space && !leading && !after_space && !multiline && !indicators,
        single_quoted: bare && !break_space,
        block: bare && !after_space,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indicators_count_where_they_mean_something() {
        for text in ["a", "a:b", "a#b", "-a", "?a", ":a", "a -b", "=", "<<", "a'b", "a,b", "a]"] {
            assert!(analyze(text).plain, "{text}");
        }
        for text in [
            "a:", "a: b", "#a", "a #b", "- a", "-", "? a", ":", "[a", "'a", "%a", "@a", "`a", "---", "...a", " a", "a ",
        ] {
            assert!(!analyze(text).plain, "{text}");
        }
    }

    #[test]
    fn blanks_at_the_end_of_a_line_leave_only_double_quotes() {
        let analysis = analyze("a \nb");
        assert!(!analysis.single_quoted && !analysis.block && !analysis.plain && analysis.multiline);
        assert!(analyze("a\n b").block);
        assert!(!analyze("a\nb ").block);
        assert!(!analyze("a\tb").block);
        assert!(!analyze("\u{1f600}").single_quoted);
    }
}
