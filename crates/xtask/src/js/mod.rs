//! A JavaScript scanner: enough to strip comments and rename identifiers
//! without touching strings, templates or regular expressions.

mod scan;

use std::collections::{BTreeMap, BTreeSet};

use scan::{Kind, Piece, pieces};

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
