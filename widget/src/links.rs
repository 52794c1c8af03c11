//! Finds what may be a link in plain text: http, https and mailto addresses and nothing else (rule C-8).

const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// Cuts `text` into pieces; put together again they are the text. Every piece comes with whether it is an address
/// that may become a link as it stands.
pub fn pieces<'a>(text: &'a str, call: &mut dyn FnMut(&'a str, bool)) {
    let mut plain_from = 0;
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let link = link_at(text, at, rest);
        if link.is_some() || rest.is_empty() {
            let plain = text.get(plain_from..at).unwrap_or("");
            if !plain.is_empty() {
                call(plain, false);
            }
        }
        if let Some(link) = link {
            call(link, true);
            at += link.len();
            plain_from = at;
        } else {
            match rest.chars().next() {
                Some(c) => at += c.len_utf8(),
                None => return,
            }
        }
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
