//! Finds what may be a link in plain text: http, https and mailto addresses and nothing else (rule C-8).

/// A stretch of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Plain text.
    Text(&'a str),
    /// An address that may become a link as it stands.
    Link(&'a str),
}

const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Cuts `text` into pieces; put together again they are the text.
pub fn pieces(text: &str) -> alloc::vec::Vec<Piece<'_>> {
    let mut out = alloc::vec::Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some(link) = link_at(text, at, rest) {
            push_text(&mut out, text.get(plain_from..at));
            out.push(Piece::Link(link));
            at += link.len();
            plain_from = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    push_text(&mut out, text.get(plain_from..));
    out
}

fn push_text<'a>(out: &mut alloc::vec::Vec<Piece<'a>>, text: Option<&'a str>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push(Piece::Text(text));
    }
}

/// The link that starts at `at`, if one does.
fn link_at<'a>(text: &str, at: usize, rest: &'a str) -> Option<&'a str> {
    let scheme = SCHEMES.iter().find(|scheme| starts_with(rest, scheme))?;
    let before = text.get(..at)?.chars().next_back();
    if before.is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let end = rest.char_indices().find(|(_, c)| ends_link(*c)).map_or(rest.len(), |(at, _)| at);
    let mut link = rest.get(..end)?;
    // What ends a sentence does not belong to the address.
    while let Some(last) = link.chars().next_back() {
        let unopened = last == ')' && !link.bytes().any(|byte| byte == b'(');
        if !unopened && !matches!(last, '.' | ',' | ';' | ':' | '!' | '?' | '\'') {
            break;
        }
        link = link.get(..link.len() - last.len_utf8())?;
    }
    (link.len() > scheme.len()).then_some(link)
}

fn starts_with(text: &str, scheme: &str) -> bool {
    text.as_bytes().get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
}

/// White space, quotes, brackets, full-width punctuation, and invisible characters that could make an
/// address look like another one.
fn ends_link(c: char) -> bool {
    c.is_ascii_whitespace()
        || c.is_ascii_control()
        || matches!(c, '"' | '<' | '>' | '`' | '{' | '}' | '|' | '\\' | '^' | '[' | ']')
        || matches!(c, '\u{80}'..='\u{a0}' | '\u{3000}'..='\u{3020}' | '\u{ff00}'..='\u{ff65}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '“' | '”' | '‘' | '’')
}
