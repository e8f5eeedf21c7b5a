use std::fmt;

/// What the Git library reported, with all its causes in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<gix::Error> for Failure {
    fn from(error: gix::Error) -> Self {
        Self(joined(error.iter_errors().map(ToString::to_string)))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Some layers repeat the text of the layer below them; each text is kept once.
fn joined(texts: impl Iterator<Item = String>) -> String {
    let mut line = String::new();
    for text in texts {
        let text = text.lines().next().unwrap_or_default().trim().to_owned();
        if text.is_empty() || line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_one_line_without_repetition() {
        let texts = ["could not open: no such file", "no such file", "", "line one\nline two"];
        let line = joined(texts.into_iter().map(Into::into));
        assert_eq!(line, "could not open: no such file: line one");
    }
}
