//! Words of a text: folded, with where they stand in it.

use std::collections::BTreeSet;

use unicode_normalization::char::{canonical_combining_class, compose, decompose_compatible, is_combining_mark};

/// Longest term in bytes; what is longer is cut, in texts as in queries.
pub const MAX_TERM_BYTES: usize = 64;

/// A word, or a character of a script without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    /// Folded.
    pub(super) text: String,
    /// Where it begins in the original, in bytes.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// A single character of a script that does not put spaces between words.
    pub(super) dense: bool,
    /// Dense, and directly after another dense unit.
    pub(super) joined: bool,
    /// Nothing but what stands inside numbers and addresses parts it from the unit before.
    pub(super) glued: bool,
}

/// Adds what a text is found by to `terms`.
pub fn terms(text: &str, terms: &mut BTreeSet<Vec<u8>>) {
    let units = units(text);
    for (index, unit) in units.iter().enumerate() {
        let pair = units.get(index + 1).filter(|next| unit.dense && next.joined);
        let term = match pair {
            Some(next) => pair_of(unit, next),
            None => unit.text.clone(),
        };
        terms.insert(term.into_bytes());
    }
}

/// The term of two characters that stand side by side.
pub(super) fn pair_of(unit: &Unit, next: &Unit) -> String {
    [unit.text.as_str(), &next.text].concat()
}

/// The words of a text, in order.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    // Whether the unit before can still grow, and what has come since it ended.
    let (mut open, mut glued) = (false, false);
    for Folded { c, start, end } in folded(text) {
        if is_dense(c) {
            let joined = glued && units.last().is_some_and(|last| last.dense && last.end == start);
            // Several characters may come from one: they stand in the same place.
            let joined = joined || units.last().is_some_and(|last| last.dense && last.start == start);
            units.push(Unit { text: c.to_string(), start, end, dense: true, joined, glued });
            (open, glued) = (false, true);
        } else if c.is_alphanumeric() || (open && is_combining_mark(c)) {
            match units.last_mut().filter(|_| open) {
                Some(last) => {
                    last.end = end;
                    if last.text.len() + c.len_utf8() <= MAX_TERM_BYTES {
                        last.text.push(c);
                    }
                }
                None => units.push(Unit { text: c.to_string(), start, end, dense: false, joined: false, glued }),
            }
            (open, glued) = (true, true);
        } else {
            open = false;
            glued = glued && is_inner(c);
        }
    }
    units
}

/// A character after folding, and where it came from.
struct Folded {
    c: char,
    start: usize,
    end: usize,
}

fn folded(text: &str) -> Vec<Folded> {
    let mut out: Vec<Folded> = Vec::with_capacity(text.len());
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        if c.is_ascii() {
            out.push(Folded { c: c.to_ascii_lowercase(), start, end });
            continue;
        }
        decompose_compatible(c, |part| {
            if is_dropped(part) {
                return;
            }
            let before = out.last_mut().filter(|before| before.end == start || before.start == start);
            if let Some(before) = before
                && may_compose(part)
                && let Some(whole) = compose(before.c, part)
            {
                (before.c, before.end) = (whole, end);
                return;
            }
            match spelt(part) {
                Some(letters) => out.extend(letters.chars().map(|c| Folded { c, start, end })),
                None => out.extend(part.to_lowercase().map(|c| Folded { c, start, end })),
            }
        });
    }
    out
}

/// Accents, points and what is not seen.
fn is_dropped(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0591}'..='\u{05bd}' | '\u{05bf}' | '\u{05c1}'..='\u{05c2}'
        | '\u{05c4}'..='\u{05c5}' | '\u{05c7}' | '\u{0610}'..='\u{061a}' | '\u{0640}' | '\u{064b}'..='\u{065f}'
        | '\u{0670}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}' | '\u{00ad}' | '\u{200c}'..='\u{200f}'
        | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Voicing marks of kana, and vowels and finals of Hangul, which decomposition took off.
fn may_compose(c: char) -> bool {
    canonical_combining_class(c) != 0 || matches!(c, '\u{1161}'..='\u{1175}' | '\u{11a8}'..='\u{11c2}')
}

/// Letters that do not decompose, as people type them who do not have them.
fn spelt(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'ł' | 'Ł' => "l",
        'þ' | 'Þ' => "th",
        'ħ' | 'Ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        _ => return None,
    })
}

/// Scripts without spaces between words, and Hangul, whose words carry endings.
fn is_dense(c: char) -> bool {
    matches!(c,
        '\u{0e01}'..='\u{0e3a}' | '\u{0e40}'..='\u{0e4e}' | '\u{0e81}'..='\u{0ecd}' | '\u{1000}'..='\u{103f}'
        | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17d3}' | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309a}' | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'..='\u{30ff}' | '\u{3105}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// What stands inside order numbers, addresses and file names.
fn is_inner(c: char) -> bool {
    matches!(
        c,
        '-' | '_' | '.' | '@' | '/' | '+' | '#' | ':' | '&' | '\'' | '’' | '=' | '%' | '~' | '*' | '\\' | '‐' | '‑'
    )
}
