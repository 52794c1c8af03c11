//! Packs `locales/*.txt` into one string for each language, in the order of the keys of `en.txt`, and makes a
//! constant of every key. A language that lacks a key, or has one too many, fails the build.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

const LOCALES: [(&str, &str); 2] = [("en", "EN"), ("zh-CN", "ZH_CN")];

type Table = Vec<(String, String)>;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("locales");
    let base = read(&folder.join("en.txt"))?;
    let mut out = String::new();
    for (index, (key, text)) in base.iter().enumerate() {
        let name = key.to_uppercase();
        writeln!(out, "/// {text:?}\npub const {name}: Key = Key({index});")?;
    }
    writeln!(out, "/// How many texts there are.\npub const COUNT: u16 = {};", base.len())?;
    for (locale, name) in LOCALES {
        let table = read(&folder.join(format!("{locale}.txt")))?;
        let texts: BTreeMap<_, _> = table.iter().cloned().collect();
        if texts.len() != base.len() {
            return Err(format!("{locale}.txt has {} keys, en.txt {}", texts.len(), base.len()).into());
        }
        let lines: Result<Vec<&str>, String> = base
            .iter()
            .map(|(key, _)| texts.get(key).map(String::as_str).ok_or(format!("{locale}.txt lacks {key}")))
            .collect();
        writeln!(out, "pub(super) static {name}: &str = {:?};", lines?.join("\n"))?;
    }
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("texts.rs"), out)?;
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}

/// The `key = text` lines of a file; `#` starts a comment.
fn read(path: &Path) -> Result<Table, Box<dyn Error>> {
    let mut table = Table::new();
    for line in std::fs::read_to_string(path)?.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, text) = line.split_once(" = ").ok_or(format!("{}: {line}", path.display()))?;
        if table.iter().any(|(known, _)| known == key) {
            return Err(format!("{}: {key} stands twice", path.display()).into());
        }
        table.push((key.to_owned(), text.to_owned()));
    }
    Ok(table)
}
