//! Cuts JavaScript into pieces: enough to tell code from strings, templates,
//! regular expressions and comments.

/// What a piece of source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// White space, with or without line ends.
    Space,
    /// A `//` or `/* */` comment.
    Comment,
    /// A string, a stretch of template text, or a regular expression: never changed.
    Text,
    /// An identifier, keyword or number.
    Word,
    /// One other character.
    Mark,
}

/// A stretch of the source and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
}

/// Cuts `source` into pieces; put together again they are the source.
pub(crate) fn pieces(source: &str) -> Vec<Piece<'_>> {
    let mut scan = Scan { source, at: 0, out: Vec::new(), templates: Vec::new() };
    while scan.at < source.len() {
        scan.next();
    }
    scan.out
}

struct Scan<'a> {
    source: &'a str,
    at: usize,
    out: Vec<Piece<'a>>,
    /// Depth of open braces inside each open `${`.
    templates: Vec<usize>,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let rest = self.rest();
        let text = rest.get(..length).unwrap_or(rest);
        self.at += text.len().max(1);
        self.out.push(Piece { kind, text });
    }

    fn next(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            self.at = self.source.len();
            return;
        };
        if first.is_whitespace() {
            let length = run_length(rest, char::is_whitespace);
            self.push(Kind::Space, length);
        } else if rest.starts_with("//") {
            self.push(Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            let length = rest.find("*/").map_or(rest.len(), |end| end + 2);
            self.push(Kind::Comment, length);
        } else if matches!(first, '"' | '\'') {
            self.push(Kind::Text, quoted_length(rest, first));
        } else if first == '`' {
            self.template(1);
        } else if first == '/' && self.regex_may_follow() {
            self.push(Kind::Text, regex_length(rest));
        } else if is_word(first) {
            self.push(Kind::Word, run_length(rest, is_word));
        } else {
            self.mark(first);
        }
    }

    /// A bracket or operator; counts braces so that the end of `${}` is found.
    fn mark(&mut self, first: char) {
        if first == '{'
            && let Some(depth) = self.templates.last_mut()
        {
            *depth += 1;
        }
        if first == '}' {
            match self.templates.last_mut() {
                Some(0) => {
                    self.templates.pop();
                    self.template(1);
                    return;
                }
                Some(depth) => *depth -= 1,
                None => {}
            }
        }
        self.push(Kind::Mark, first.len_utf8());
    }

    /// Template text from the current position, whose first `skip` bytes open it.
    fn template(&mut self, skip: usize) {
        let rest = self.rest();
        let mut escaped = false;
        let mut before = ' ';
        for (index, c) in rest.char_indices().skip(skip) {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == '`' {
                self.push(Kind::Text, index + 1);
                return;
            } else if c == '{' && before == '$' {
                self.push(Kind::Text, index + 1);
                self.templates.push(0);
                return;
            }
            before = c;
        }
        self.push(Kind::Text, rest.len());
    }

    /// Whether a slash here starts a regular expression and not a division.
    fn regex_may_follow(&self) -> bool {
        let last = self.out.iter().rev().find(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment));
        match last {
            None => true,
            Some(piece) => match piece.kind {
                Kind::Word => matches!(piece.text, "return" | "typeof" | "case" | "in" | "of"),
                Kind::Mark => !matches!(piece.text, ")" | "]" | "}"),
                _ => false,
            },
        }
    }
}

fn run_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return index,
            _ if c == quote => return index + 1,
            _ => {}
        }
    }
    text.len()
}

fn regex_length(text: &str) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '\n' => return index,
            '/' if !class => return index + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(source: &str) -> String {
        pieces(source).iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn pieces_lose_nothing() {
        for source in [
            "a // b\nc /* d */ e",
            "`x ${a ? `y ${b}` : {c: '}'}} z` + 1",
            "const r = /[/]\\/\"/g; x / y / z",
            "'unterminated",
            "`unterminated ${",
            "/* unterminated",
            "héllo = '…' // ü",
            "`é${x}ö`",
            "",
        ] {
            assert_eq!(joined(source), source);
        }
    }
}
