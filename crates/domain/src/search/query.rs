//! What people look for: words that must all be there, and phrases in quotes.

use std::ops::Range;

use super::words::{Unit, pair_of, units};

/// Characters of a query that count; the rest is not looked at.
pub const MAX_QUERY_CHARS: usize = 200;
/// Terms of a query that the index is asked for; of a phrase, the rest is compared with the text.
pub const MAX_TERMS: usize = 16;

/// What the index is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// This term.
    Exact(Vec<u8>),
    /// Every term that begins so.
    Prefix(Vec<u8>),
}

/// What somebody looks for. Any text is one, or nothing to look for: there are no errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    clauses: Vec<Clause>,
}

/// Words that stand one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    units: Vec<Unit>,
    terms: Vec<Term>,
    /// The last word may go on.
    open: bool,
    /// The terms do not say that the words stand side by side.
    loose: bool,
}

/// What of a query stands in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// A bit for each part of the query.
    parts: u32,
    /// Where, in bytes, in order, apart from each other.
    pub places: Vec<Range<usize>>,
}

impl Found {
    /// How many parts of the query.
    pub fn parts(&self) -> u32 {
        self.parts.count_ones()
    }
}

impl Query {
    /// Reads a query; `None` when there is nothing to look for: no word, or a single letter.
    pub fn parse(text: &str) -> Option<Self> {
        let text: String = text.trim().chars().take(MAX_QUERY_CHARS).collect();
        let mut clauses: Vec<Clause> = Vec::new();
        let mut left = MAX_TERMS;
        let (mut quoted, mut segment) = (false, String::new());
        for c in text.chars().map(Some).chain([None]) {
            match c {
                Some(c) if !is_quote(c) => segment.push(c),
                _ => {
                    let last = c.is_none() && !quoted;
                    for clause in clauses_of(&segment, quoted, last) {
                        let Some(clause) = clause.within(&mut left) else { continue };
                        clauses.push(clause);
                    }
                    quoted = !quoted;
                    segment.clear();
                }
            }
        }
        match clauses.as_slice() {
            [] => None,
            [only] if only.is_letter() => None,
            _ => Some(Self { clauses }),
        }
    }

    /// What the index is asked for: a document must have all of it. At most [`MAX_TERMS`].
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.clauses.iter().flat_map(|clause| &clause.terms)
    }

    /// How many parts it has.
    pub fn parts(&self) -> u32 {
        self.all().count_ones()
    }

    fn all(&self) -> u32 {
        self.mask(|_| true)
    }

    fn mask(&self, chosen: impl Fn(&Clause) -> bool) -> u32 {
        let bits = self.clauses.iter().enumerate().filter(|(_, clause)| chosen(clause));
        bits.fold(0, |mask, (index, _)| mask | (1 << index))
    }

    /// What of it stands in a text.
    pub fn find(&self, text: &str) -> Found {
        let units = units(text);
        let mut found = Found::default();
        for (index, clause) in self.clauses.iter().enumerate() {
            for at in 0..units.len() {
                if let Some(place) = clause.stands_at(&units[at..]) {
                    found.parts |= 1 << index;
                    found.places.push(place);
                }
            }
        }
        found.places.sort_unstable_by_key(|place| (place.start, place.end));
        found.places.dedup_by(|next, before| {
            let meets = next.start <= before.end;
            if meets {
                before.end = before.end.max(next.end);
            }
            meets
        });
        found
    }

    /// Whether a document that has every term, and whose texts gave `found`, is one that was looked for: each phrase
    /// must stand in one of its texts.
    pub fn is_answered_by<'a>(&self, found: impl IntoIterator<Item = &'a Found>) -> bool {
        let loose = self.mask(|clause| clause.loose);
        let parts = found.into_iter().fold(0, |parts, found| parts | found.parts);
        parts & loose == loose
    }

    /// Whether the texts have to be looked at to know.
    pub fn is_loose(&self) -> bool {
        self.clauses.iter().any(|clause| clause.loose)
    }
}

impl Clause {
    fn new(units: Vec<Unit>, open: bool) -> Self {
        let open = open && units.last().is_some_and(|last| !last.dense && last.text.chars().nth(1).is_some());
        let mut terms = Vec::new();
        for (index, unit) in units.iter().enumerate() {
            let last = index + 1 == units.len();
            match units.get(index + 1).filter(|next| unit.dense && next.joined) {
                Some(next) => terms.push(Term::Exact(pair_of(unit, next).into_bytes())),
                // It stands in the pair with the one before.
                None if unit.joined => {}
                None if unit.dense || (last && open) => terms.push(Term::Prefix(unit.text.clone().into_bytes())),
                None => terms.push(Term::Exact(unit.text.clone().into_bytes())),
            }
        }
        let loose = terms.len() > 1;
        terms.dedup();
        Self { units, terms, open, loose }
    }

    /// The clause as far as there is room for its terms; nothing when there is none.
    fn within(mut self, left: &mut usize) -> Option<Self> {
        self.terms.truncate(*left);
        *left -= self.terms.len();
        (!self.terms.is_empty()).then_some(self)
    }

    fn is_letter(&self) -> bool {
        matches!(self.units.as_slice(), [only] if !only.dense && only.text.chars().nth(1).is_none())
    }

    /// Where it stands, if it stands at the start of `units`.
    fn stands_at(&self, units: &[Unit]) -> Option<Range<usize>> {
        let here = units.get(..self.units.len())?;
        let fits = self.units.iter().zip(here).enumerate().all(|(index, (wanted, unit))| {
            let word = match index + 1 == self.units.len() && self.open {
                true => unit.text.starts_with(&wanted.text),
                false => unit.text == wanted.text,
            };
            word && (index == 0 || !wanted.joined || unit.joined)
        });
        let place = here.first()?.start..here.last()?.end;
        fits.then_some(place)
    }
}

/// The clauses of a part of a query: a phrase, or words with whatever is glued to each.
fn clauses_of(segment: &str, phrase: bool, last: bool) -> Vec<Clause> {
    let mut groups: Vec<Vec<Unit>> = Vec::new();
    for unit in units(segment) {
        match groups.last_mut().filter(|_| phrase || unit.glued) {
            Some(group) => group.push(unit),
            None => groups.push(vec![unit]),
        }
    }
    let count = groups.len();
    groups.into_iter().enumerate().map(|(at, group)| Clause::new(group, last && at + 1 == count)).collect()
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」' | '『' | '』' | '＂')
}
