use std::io::Write as _;

use tabwriter::TabWriter;

/// A table without lines, as `kubectl` and `argocd` print them.
pub(crate) fn render(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = header.join("\t");
    for row in rows {
        text.push('\n');
        for (column, cell) in row.iter().enumerate() {
            let between = if column == 0 { "" } else { "\t" };
            text.push_str(between);
            // Cells of several lines, such as messages of webhooks, would break the columns.
            text.extend(cell.chars().map(|one| if matches!(one, '\t' | '\n') { ' ' } else { one }));
        }
    }
    text.push('\n');
    // Colours take no room.
    let mut table = TabWriter::new(Vec::with_capacity(2 * text.len())).padding(2).ansi(true);
    // Nothing fails here: it is written to memory.
    let _ = table.write_all(text.as_bytes()).and_then(|()| table.flush());
    let aligned = table.into_inner().map_err(drop).unwrap_or_default();
    String::from_utf8_lossy(&aligned).lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned_and_lines_end_clean() {
        let text = super::render(&["NAME", "STATUS"], [vec!["web-app".into(), "Synced".into()]]);
        assert_eq!(text, "NAME     STATUS\nweb-app  Synced\n");
    }
}
