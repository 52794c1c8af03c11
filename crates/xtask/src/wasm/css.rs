//! Makes stylesheets smaller without understanding them.

/// Removes comments, indentation and blank lines. Strings stay as they are.
pub(super) fn strip(source: &str) -> String {
    let without = remove_comments(source);
    let mut out = String::with_capacity(without.len());
    for line in without.lines() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        // Blanks round these mean nothing at the end and start of a line.
        if !out.is_empty() && !out.ends_with(['{', '}', ';', ',']) && line != "}" {
            out.push('\n');
        }
        out.push_str(line);
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

fn remove_comments(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    let mut quote: Option<char> = None;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |at| at + 2);
            rest = rest.get(end..).unwrap_or("");
            out.push(' ');
            continue;
        }
        let mut length = c.len_utf8();
        match quote {
            Some(_) if c == '\\' => {
                length += rest.chars().nth(1).map_or(0, char::len_utf8);
            }
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        let (taken, left) = rest.split_at(length);
        out.push_str(taken);
        rest = left;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn comments_and_indentation_go() {
        let source = "/* a */\n.b {\n  color: red; /* c */\n  margin: 0 auto;\n}\n\n.d,\n.e > f { x: y }\n";
        assert_eq!(strip(source), ".b {color: red;margin: 0 auto;}.d,.e > f { x: y }\n");
    }

    #[test]
    fn strings_stay() {
        let source = ".a::after { content: \"/* no \\\" */\" }";
        assert_eq!(strip(source), format!("{source}\n"));
        assert_eq!(strip("/* open"), "");
    }

    #[test]
    fn values_over_several_lines_stay_apart() {
        let source = "a {\n  grid-template:\n    \"a b\"\n    \"c d\";\n}";
        assert_eq!(strip(source), "a {grid-template:\n\"a b\"\n\"c d\";}\n");
    }
}
