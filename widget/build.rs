//! Makes the keys of the texts from `locales/en.txt`, marks for the pieces of markup in `src`, and what the page
//! gets in every language for the tests. A
//! language that lacks a text, or has one too many, fails the build.

mod pack;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

const LOCALES: [&str; 2] = ["en", "zh-CN"];
/// The mark of the first text: a character that is two bytes long and has no other meaning in markup.
const FIRST: usize = 0x100;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("locales");
    let target = std::env::var("OUT_DIR")?;
    let target = Path::new(&target);
    let base = pack::read(&std::fs::read_to_string(folder.join("en.txt"))?)?;
    let pieces = pack::pieces(&sources()?)?;
    let mark = |index: usize| format!("\\u{{{:x}}}", FIRST + index);
    let mut marks = String::new();
    let mut keys = String::new();
    for (index, (key, text)) in base.iter().enumerate() {
        writeln!(marks, "({key}) => {{ \"\\u{{4}}{}\" }};", mark(index))?;
        writeln!(keys, "/// {text:?}\npub const {}: Key = Key('{}');", key.to_uppercase(), mark(index))?;
    }
    let mut table = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut whole = String::new();
        for part in piece {
            match part {
                pack::Part::Markup(markup) => whole.push_str(markup),
                pack::Part::Text(key) => {
                    let at = base.iter().position(|(known, _)| known == key).ok_or(format!("no text {key}"))?;
                    write!(whole, "\\u{{4}}{}", mark(at))?;
                }
            }
        }
        writeln!(table, "(\"{whole}\", Key('{}')),", mark(base.len() + index))?;
    }
    let source = format!(
        "/// The mark of a text, as a literal.\nmacro_rules! t {{ {marks} }}\npub(crate) use t;\n\
         /// The texts, from `locales/en.txt`.\npub mod key {{ use super::Key; {keys} }}\n\
         /// Every piece of markup and its mark.\nconst PIECES: &[(&str, Key)] = &[{table}];\n"
    );
    std::fs::write(target.join("keys.rs"), source)?;
    for locale in LOCALES {
        let table = pack::read(&std::fs::read_to_string(folder.join(format!("{locale}.txt")))?)?;
        let lines = pack::lines(&base, &table, &pieces).map_err(|why| format!("locales/{locale}.txt: {why}"))?;
        std::fs::write(target.join(format!("{locale}.txt")), lines)?;
    }
    for input in ["locales", "src/view", "src/page.rs", "build.rs", "pack.rs"] {
        println!("cargo::rerun-if-changed={input}");
    }
    Ok(())
}

/// The sources with markup in them, always in the same order.
fn sources() -> Result<Vec<String>, Box<dyn Error>> {
    let files = std::fs::read_dir("src/view")?.map(|entry| entry.map(|entry| entry.path()));
    let mut files = files.collect::<Result<Vec<_>, _>>()?;
    files.sort();
    files.push("src/page.rs".into());
    Ok(files.iter().map(std::fs::read_to_string).collect::<Result<_, _>>()?)
}
