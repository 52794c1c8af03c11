//! What the page gets in the language of its reader: one file, a piece in each line. First come the texts of
//! `locales/*.txt` in the order of `en.txt`; what a text fills in, `{name}`, becomes `{0}`, `{1}`, ... in the order of the
//! English text. Then comes the markup of the screens that never changes, the arguments of `m!` in `src`, with its
//! texts filled in. The build script of the widget and the step that writes the browser files both use this, so that
//! they agree.

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

/// A piece of markup: what stands between its texts, and the keys of these.
pub(crate) type Piece = Vec<Part>;

/// Part of a piece.
#[derive(Clone, PartialEq)]
pub(crate) enum Part {
    /// Markup.
    Markup(String),
    /// The text with this key.
    Text(String),
}

/// The pieces in Rust sources, in their order, each once: every `m!("markup", t!(key), ...)` outside a comment.
///
/// # Errors
/// When something else stands in an `m!`.
pub(crate) fn pieces(sources: &[String]) -> Result<Vec<Piece>, String> {
    let mut found: Vec<Piece> = Vec::new();
    for source in sources {
        let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        let mut rest = code.as_str();
        while let Some((before, after)) = rest.split_once("m!(") {
            if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                rest = after;
                continue;
            }
            let (piece, behind) = piece(after)?;
            if !found.contains(&piece) {
                found.push(piece);
            }
            rest = behind;
        }
    }
    Ok(found)
}

/// The piece whose arguments `code` begins with, and what follows them.
fn piece(code: &str) -> Result<(Piece, &str), String> {
    let mut parts = Piece::new();
    let mut rest = code.trim_start();
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return Ok((parts, after));
        }
        if let Some(after) = rest.strip_prefix('"') {
            let (text, after) = after.split_once('"').ok_or("a text without an end")?;
            if text.contains('\\') {
                return Err(format!("no backslashes in markup: {text}"));
            }
            parts.push(Part::Markup(text.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("t!(") {
            let (key, after) = after.split_once(')').ok_or("a key without an end")?;
            parts.push(Part::Text(key.to_owned()));
            rest = after;
        } else {
            let what: String = rest.chars().take(30).collect();
            return Err(format!("neither markup nor a text stands in `m!`: {what}"));
        }
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
}

/// The lines of a language: its texts, and the pieces with its texts in them.
///
/// # Errors
/// As [`pack`]; when a piece names a text that does not exist.
pub(crate) fn lines(base: &Table, table: &Table, pieces: &[Piece]) -> Result<String, String> {
    let mut out = pack(base, table)?;
    for piece in pieces {
        out.push('\n');
        for part in piece {
            out.push_str(match part {
                Part::Markup(markup) => markup,
                Part::Text(key) => {
                    let found = table.iter().find(|(own, _)| own == key);
                    &found.ok_or_else(|| format!("there is no text {key}"))?.1
                }
            });
        }
    }
    Ok(out)
}
