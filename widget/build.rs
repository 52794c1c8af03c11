//! Makes the keys of the texts from `locales/en.txt`, and the packed texts of every language for the tests. A
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
    let mut marks = String::new();
    let mut keys = String::new();
    for (index, (key, text)) in base.iter().enumerate() {
        let mark = format!("\\u{{4}}\\u{{{:x}}}", FIRST + index);
        writeln!(marks, "({key}) => {{ \"{mark}\" }};")?;
        writeln!(keys, "/// {text:?}\npub const {}: Key = Key(\"{mark}\");", key.to_uppercase())?;
    }
    let source = format!(
        "/// The mark of a text, as a literal.\nmacro_rules! t {{ {marks} }}\npub(crate) use t;\n\
         /// The texts, from `locales/en.txt`.\npub mod key {{ use super::Key; {keys} }}\n"
    );
    std::fs::write(target.join("keys.rs"), source)?;
    for locale in LOCALES {
        let table = pack::read(&std::fs::read_to_string(folder.join(format!("{locale}.txt")))?)?;
        let packed = pack::pack(&base, &table).map_err(|why| format!("locales/{locale}.txt: {why}"))?;
        std::fs::write(target.join(format!("{locale}.txt")), packed)?;
    }
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=pack.rs");
    Ok(())
}
