use comfy_table::{ContentArrangement, Table, presets};

/// A table without lines, as `kubectl` and `argocd` print them.
pub(crate) fn render(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().copied());
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_aligned_and_lines_end_clean() {
        let text = super::render(&["NAME", "STATUS"], [vec!["web-app".into(), "Synced".into()]]);
        assert_eq!(text, "NAME     STATUS\nweb-app  Synced\n");
    }
}
