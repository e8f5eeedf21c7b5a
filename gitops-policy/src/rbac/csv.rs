//! Lines of a policy, as Go's `encoding/csv` reads them one by one with blanks before a field left out.

/// The fields of a line; none where its quotes are wrong.
pub(super) fn fields(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_start();
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let (field, after) = rest.split_once(',').map_or((rest, None), |(field, after)| (field, Some(after)));
                if field.contains('"') {
                    return None;
                }
                (field.to_owned(), after)
            }
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Some(fields),
        }
    }
}

/// What stands up to the closing quote, and what follows the comma after it.
fn quoted_field(mut rest: &str) -> Option<(String, Option<&str>)> {
    let mut field = String::new();
    loop {
        let (text, after) = rest.split_once('"')?;
        field.push_str(text);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
        } else if after.is_empty() {
            return Some((field, None));
        } else {
            return Some((field, Some(after.strip_prefix(',')?)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fields;

    #[test]
    fn quotes_hold_commas() {
        assert_eq!(fields(r#"p, "a, b",c , "d""e","#).unwrap(), ["p", "a, b", "c ", "d\"e", ""]);
        for line in [r#"a"b"#, r#""a"b"#, r#""a"#, r#"p, "a" , b"#] {
            assert_eq!(fields(line), None, "{line}");
        }
    }
}
