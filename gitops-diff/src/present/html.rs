//! A page that stands alone: no script, no picture, no font and no style from elsewhere.

use std::fmt::{self, Write};

use super::Section;
use super::lines::{self, Mark};
use crate::{DiffKind, FieldDiff, ObjectDiff};

/// How the page is headed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageOptions {
    /// The title, such as the Application's name and the commit.
    pub title: String,
}

impl PageOptions {
    /// A page with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into() }
    }
}

/// Fields beyond which an object's fields are folded at first.
const OPEN_FIELDS: usize = 20;

/// What differs, as an HTML page: a foldable group for each object, a foldable part for each of its fields. It
/// follows the reader's light or dark scheme and loads nothing; its policy forbids it to.
pub fn html(diffs: &[ObjectDiff], options: &PageOptions) -> String {
    let mut out = String::new();
    let section = Section { title: "", notes: &[], diffs };
    // Writing to a String cannot fail.
    let _ = page(&mut out, &[section], &summary(diffs), options);
    out
}

/// The same for what belongs to several things, each under its own title.
pub fn html_sections(sections: &[Section<'_>], summary: &str, options: &PageOptions) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = page(&mut out, sections, summary, options);
    out
}

fn page(out: &mut String, sections: &[Section<'_>], summary: &str, options: &PageOptions) -> fmt::Result {
    let title = if options.title.is_empty() { "Differences" } else { options.title.as_str() };
    let title = Escaped(title);
    out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    writeln!(out, "<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>", include_str!("page.css"))?;
    writeln!(out, "<h1>{title}</h1>\n<p class=\"sum\">{}</p>", Escaped(summary))?;
    for Section { title, notes, diffs } in sections {
        if !title.is_empty() {
            writeln!(out, "<h2>{}</h2>", Escaped(title))?;
        }
        for note in *notes {
            writeln!(out, "<p class=\"warning\">{}</p>", Escaped(note))?;
        }
        for diff in diffs.iter().filter(|diff| !diff.is_same() || !diff.warnings.is_empty()) {
            object(out, diff)?;
        }
    }
    out.push_str("</body>\n</html>\n");
    Ok(())
}

fn summary(diffs: &[ObjectDiff]) -> String {
    let count = |kind| diffs.iter().filter(|diff| diff.kind == kind).count();
    format!(
        "{} to create, {} to update, {} to delete, {} the same",
        count(DiffKind::Create),
        count(DiffKind::Update),
        count(DiffKind::Delete),
        count(DiffKind::Same)
    )
}

fn object(out: &mut String, diff: &ObjectDiff) -> fmt::Result {
    let kind = diff.kind;
    writeln!(out, "<details class=\"object {kind}\" open>")?;
    let id = diff.id.to_string();
    let fields = diff.fields.len();
    let noun = if fields == 1 { "field" } else { "fields" };
    writeln!(
        out,
        "<summary><span class=\"tag\">{kind}</span>{} <span class=\"count\">{fields} {noun}</span></summary>",
        Escaped(&id)
    )?;
    for difference in &diff.fields {
        field(out, difference, fields <= OPEN_FIELDS)?;
    }
    for warning in &diff.warnings {
        writeln!(out, "<p class=\"warning\">warning: {}</p>", Escaped(warning))?;
    }
    out.push_str("</details>\n");
    Ok(())
}

fn field(out: &mut String, field: &FieldDiff, open: bool) -> fmt::Result {
    let path = field.path.to_string();
    let reason = field.reason.to_string();
    let open = if open { " open" } else { "" };
    write!(out, "<details class=\"field\"{open}><summary><code>{}</code>", Escaped(&path))?;
    write!(out, "<span class=\"why\">{}", Escaped(&reason))?;
    if let Some(owner) = &field.owner {
        write!(out, "; live value owned by {}", Escaped(owner))?;
    }
    out.push_str("</span></summary>\n<pre>");
    for (mark, line) in lines::of(field) {
        let class = match mark {
            Mark::Old => "old",
            Mark::New => "new",
            Mark::Same => "same",
            Mark::Gap => "gap",
        };
        write!(out, "<span class=\"{class}\">{}{}</span>", mark.sign(), Escaped(&line))?;
    }
    out.push_str("</pre>\n</details>\n");
    Ok(())
}

/// Text in a page.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            other => out.write_char(other),
        })
    }
}
