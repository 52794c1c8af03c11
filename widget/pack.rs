//! The texts of `locales/*.txt` as the page gets them: one file for each language, one text a line, in the order of
//! `en.txt`. What a text fills in, `{name}`, becomes `{0}`, `{1}`, ... in the order of the English text. The build
//! script of the widget and the step that writes the browser files both use this, so that they agree.

/// Keys and texts, in the order of the file.
pub(crate) type Table = Vec<(String, String)>;

/// Reads the `key = text` lines of a file; `#` starts a comment.
///
/// # Errors
/// Names a line that is none of this, and a key that stands twice.
pub(crate) fn read(text: &str) -> Result<Table, String> {
    let mut table = Table::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (key, text) = line.split_once(" = ").ok_or_else(|| format!("no `key = text`: {line}"))?;
        if table.iter().any(|(known, _)| known == key) {
            return Err(format!("{key} stands twice"));
        }
        table.push((key.to_owned(), text.to_owned()));
    }
    Ok(table)
}

/// The names a text fills in, in their order.
pub(crate) fn names(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

/// The packed texts of a language.
///
/// # Errors
/// When it lacks a text of `base`, the English table, or has one too many, fills in something else, or uses a
/// character that means something in markup.
pub(crate) fn pack(base: &Table, table: &Table) -> Result<String, String> {
    if base.len() != table.len() {
        return Err(format!("{} texts, not {} as in English", table.len(), base.len()));
    }
    let mut lines = Vec::new();
    for (key, english) in base {
        let (_, text) = table.iter().find(|(own, _)| own == key).ok_or_else(|| format!("{key} is missing"))?;
        if text.is_empty() || text.contains(['<', '>', '\'']) || text.chars().any(char::is_control) {
            return Err(format!("{key} is empty or holds a character of markup"));
        }
        let mut packed = text.clone();
        for (index, name) in names(english).into_iter().enumerate() {
            let filled = packed.replacen(&format!("{{{name}}}"), &format!("{{{index}}}"), 1);
            if filled == packed {
                return Err(format!("{key} does not fill in {name}"));
            }
            packed = filled;
        }
        if names(text).len() != names(english).len() {
            return Err(format!("{key} fills in something that English does not"));
        }
        lines.push(packed);
    }
    Ok(lines.join("\n"))
}
