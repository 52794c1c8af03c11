//! The part of a text that is shown beside what was found.

use std::ops::Range;

/// Characters before the first place.
const BEFORE: usize = 40;
/// Characters in all.
const LONGEST: usize = 180;

/// A piece of a text. It is text: whoever shows it makes a text node of it (rule C-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it says.
    pub text: String,
    /// It is what was looked for.
    pub marked: bool,
}

/// The part of `text` around the first of `places`, as pieces. Lines and runs of spaces become single spaces.
/// `places` are in order and apart from each other, as [`super::Query::find`] gives them.
pub fn snippet(text: &str, places: &[Range<usize>]) -> Vec<Piece> {
    let first = places.first().map_or(0, |place| place.start);
    let before = text.get(..first).unwrap_or_default();
    let start = before.char_indices().rev().nth(BEFORE - 1).map_or(0, |(at, _)| at);
    // Not in the middle of a word, if there are words.
    let start = match before.get(start..).and_then(|cut| cut.find(char::is_whitespace)) {
        Some(space) if start > 0 => start + space,
        _ => start,
    };
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.char_indices().nth(LONGEST).map_or(text.len(), |(at, _)| start + at);
    let mut line = Line::default();
    if start > 0 {
        line.add("…", false);
    }
    let mut at = start;
    for place in places {
        let (from, to) = (place.start.clamp(at, end), place.end.clamp(at, end));
        line.add(text.get(at..from).unwrap_or_default(), false);
        line.add(text.get(from..to).unwrap_or_default(), true);
        at = to;
    }
    line.add(text.get(at..end).unwrap_or_default(), false);
    if end < text.len() {
        line.add("…", false);
    }
    line.pieces
}

#[derive(Default)]
struct Line {
    pieces: Vec<Piece>,
    spaced: bool,
}

impl Line {
    fn add(&mut self, text: &str, marked: bool) {
        let mut clean = String::with_capacity(text.len());
        for c in text.chars() {
            let space = c.is_whitespace() || c.is_control();
            if !(space && (self.spaced || (self.pieces.is_empty() && clean.is_empty()))) {
                clean.push(if space { ' ' } else { c });
            }
            self.spaced = space;
        }
        if clean.is_empty() {
            return;
        }
        match self.pieces.last_mut().filter(|last| last.marked == marked) {
            Some(last) => last.text.push_str(&clean),
            None => self.pieces.push(Piece { text: clean, marked }),
        }
    }
}
