//! A JavaScript scanner: enough to strip comments and rename identifiers
//! without touching strings, templates or regular expressions.

use std::collections::{BTreeMap, BTreeSet};

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

/// Removes comments, indentation, blank lines and the blanks no reader needs.
/// Line ends stay where a statement could end, so nothing changes meaning.
pub(crate) fn strip(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut blank = false;
    let mut line_end = false;
    for piece in pieces(source) {
        match piece.kind {
            Kind::Space | Kind::Comment => {
                blank = true;
                // A line comment stops before its line end, which is the next piece.
                line_end |= piece.text.contains('\n');
            }
            _ => {
                push_blank(&mut out, piece, blank, line_end);
                out.push_str(piece.text);
                (blank, line_end) = (false, false);
            }
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn push_blank(out: &mut String, next: Piece<'_>, blank: bool, line_end: bool) {
    let Some(last) = out.chars().next_back() else {
        return;
    };
    if line_end {
        if !matches!(last, ';' | '{' | ',' | '(' | '[' | ':') {
            out.push('\n');
        }
    } else if blank {
        // Signs stay apart: `a + +b` is not `a++b`, `a < !--b` no comment.
        let tight = |c: char| "(){}[];,:=?&|".contains(c);
        let first = next.text.chars().next().unwrap_or(' ');
        if !tight(last) && !tight(first) {
            out.push(' ');
        }
    }
}

/// Replaces whole identifiers by `names`; strings and comments stay.
pub(crate) fn rename(source: &str, names: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(source.len());
    for piece in pieces(source) {
        let new = (piece.kind == Kind::Word).then(|| names.get(piece.text)).flatten();
        out.push_str(new.map_or(piece.text, String::as_str));
    }
    out
}

/// Every identifier, keyword and number in `source`.
pub(crate) fn words(source: &str) -> BTreeSet<&str> {
    pieces(source).into_iter().filter(|piece| piece.kind == Kind::Word).map(|piece| piece.text).collect()
}

/// Removes `function name(...) {...}`, which stands at the start of a line; the
/// source is returned as it is when there is none.
pub(crate) fn remove_function(source: &str, name: &str) -> String {
    let head = format!("function {name}(");
    let starts_line = |at: usize| {
        let before = source.get(..at).unwrap_or("").trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with('\n')
    };
    let mut found = source.match_indices(&head).map(|(at, _)| at);
    let Some(start) = found.find(|at| starts_line(*at)) else {
        return source.to_owned();
    };
    let (before, after) = source.split_at(start);
    let (mut depth, mut length) = (0_usize, 0_usize);
    for piece in pieces(after) {
        length += piece.text.len();
        match (piece.kind, piece.text) {
            (Kind::Mark, "{") => depth += 1,
            (Kind::Mark, "}") if depth == 1 => break,
            (Kind::Mark, "}") => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    format!("{before}{}", after.get(length..).unwrap_or(""))
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

    #[test]
    fn comments_and_indentation_go() {
        let source = "/** doc */\nfunction a() {\n    // why\n    return 1; // one\n}\n\n\nb()\n";
        assert_eq!(strip(source), "function a(){return 1;}\nb()\n");
    }

    #[test]
    fn strings_templates_and_expressions_stay() {
        let source = "x = 'http://a/*b*/';\ny = `a\n   // ${ c /* d */ }\n`;\nz = /\\/\\/ [/*] /;";
        assert_eq!(strip(source), "x='http://a/*b*/';y=`a\n   // ${c}\n`;z=/\\/\\/ [/*] /;\n");
    }

    #[test]
    fn signs_and_statements_stay_apart() {
        assert_eq!(strip("a + +b"), "a + +b\n");
        assert_eq!(strip("a = b\n(c)"), "a=b\n(c)\n");
        assert_eq!(strip("return /* x */ 1"), "return 1\n");
        assert_eq!(strip("a /* \n */ b"), "a\nb\n");
        assert_eq!(strip("let a = 1\nlet b"), "let a=1\nlet b\n");
    }

    #[test]
    fn only_whole_identifiers_are_renamed() {
        let names = BTreeMap::from([("long".to_owned(), "s".to_owned())]);
        assert_eq!(rename("long.longer = 'long' + long /* long */", &names), "s.longer = 'long' + s /* long */");
        assert_eq!(rename("`long ${long}`", &names), "`long ${s}`");
    }

    #[test]
    fn a_function_is_removed_with_its_body() {
        let source = "let a; // function gone()\n  function gone(x) {\n  if (x) { y('}'); }\n}\nfunction kept() {}\n";
        assert_eq!(remove_function(source, "gone"), "let a; // function gone()\n  \nfunction kept() {}\n");
        assert_eq!(remove_function(source, "other"), source);
    }
}
