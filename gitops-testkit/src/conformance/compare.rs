//! Where two results first differ, in a line that says enough to look for it.

/// Nothing, or the first line that differs.
pub(super) fn texts(expected: &str, actual: &str) -> Result<(), String> {
    if expected == actual {
        return Ok(());
    }
    let (mut wanted, mut given) = (expected.lines(), actual.lines());
    let mut number = 1;
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Err("the texts differ in their last line's end".into()),
            (one, other) if one == other => number += 1,
            (one, other) => {
                return Err(format!("line {number}: expected {}, found {}", quoted(one), quoted(other)));
            }
        }
    }
}

fn quoted(line: Option<&str>) -> String {
    line.map_or_else(|| "the end".into(), |line| format!("`{line}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(texts("a\nb\n", "a\nb\n"), Ok(()));
        assert_eq!(texts("a\nb\n", "a\nc\n"), Err("line 2: expected `b`, found `c`".into()));
        assert_eq!(texts("a\n", "a\nb\n"), Err("line 2: expected the end, found `b`".into()));
    }
}
