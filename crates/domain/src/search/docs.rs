//! Sets of documents. Documents of a tenant are numbered; a block of [`BLOCK`] consecutive numbers is one set, stored
//! as a list while it is short and as a bit for each document when it is not.

/// Documents in a block.
pub const BLOCK: usize = 8192;
const WORDS: usize = BLOCK / 64;
/// Length of a set that is stored as bits; every list is shorter.
const BITS: usize = BLOCK / 8;

/// Some of the documents of a block, by their place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Docs(Box<[u64; WORDS]>);

impl Default for Docs {
    fn default() -> Self {
        Self(Box::new([0; WORDS]))
    }
}

impl Docs {
    /// Every document before a place.
    pub fn before(place: usize) -> Self {
        let mut docs = Self::default();
        for (index, word) in docs.0.iter_mut().enumerate() {
            let here = place.saturating_sub(index * 64).min(64);
            *word = if here == 64 { u64::MAX } else { (1 << here) - 1 };
        }
        docs
    }

    /// Reads what [`Docs::encode`] wrote; whatever else it is given, it finds some set in it.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut docs = Self::default();
        if bytes.len() == BITS {
            for (word, eight) in docs.0.iter_mut().zip(bytes.chunks_exact(8)) {
                *word = eight.iter().rev().fold(0, |word, byte| (word << 8) | u64::from(*byte));
            }
        } else {
            for pair in bytes.chunks_exact(2) {
                docs.insert(usize::from(u16::from_be_bytes([pair[0], pair[1]])));
            }
        }
        docs
    }

    /// As it is stored: at most [`BLOCK`] / 8 bytes.
    pub fn encode(&self) -> Vec<u8> {
        if self.len() * 2 < BITS {
            let places = self.iter().filter_map(|place| u16::try_from(place).ok());
            return places.flat_map(u16::to_be_bytes).collect();
        }
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Adds a document; a place that no block has is ignored.
    pub fn insert(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Takes a document out. Says whether it was there.
    pub fn remove(&mut self, place: usize) -> bool {
        let was = self.contains(place);
        if let Some(word) = self.0.get_mut(place / 64) {
            *word &= !(1 << (place % 64));
        }
        was
    }

    /// Whether a document is in it.
    pub fn contains(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// Keeps what the other has as well.
    pub fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word &= other);
    }

    /// Adds what the other has.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(word, other)| *word |= other);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// There is none.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// Their places, the first first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        let bits = |index: usize, word: u64| {
            (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| index * 64 + bit)
        };
        self.0.iter().enumerate().filter(|(_, word)| **word != 0).flat_map(move |(index, word)| bits(index, *word))
    }
}
