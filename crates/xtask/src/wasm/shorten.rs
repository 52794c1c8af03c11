//! Short names between the module and its glue.
//!
//! wasm-bindgen names imports `__wbg_setAttribute_<16 digits>`. The digits do
//! not compress and stand in both files: shortening them makes the first load
//! of the widget about an eighth smaller.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::js;

/// Beginnings of names that wasm-bindgen or the compiler made up. Others, as
/// `memory`, may mean something to a browser or to code of ours.
const MADE_UP: [&str; 4] = ["__wbg_", "__wbindgen_", "__externref_", "wasm_bindgen__"];

/// Whether wasm-bindgen or the compiler made `name` up.
pub(super) fn made_up(name: &str) -> bool {
    MADE_UP.iter().any(|start| name.starts_with(start))
}

/// Chooses a short name for each made-up name of the module.
///
/// # Errors
/// When a name does not stand in the glue as a whole identifier: renaming it in the
/// module alone would break the application.
pub(super) fn plan<'a>(names: impl Iterator<Item = &'a str>, glue: &str) -> Result<BTreeMap<String, String>> {
    let taken = js::words(glue);
    let made_up: BTreeSet<&str> = names.filter(|name| made_up(name)).collect();
    let mut free = (0..).map(short).filter(|name| !taken.contains(name.as_str()));
    let mut plan = BTreeMap::new();
    for name in made_up {
        if !taken.contains(name) {
            bail!("the glue does not mention `{name}`: it has another form than expected");
        }
        let Some(new) = free.next() else { break };
        plan.insert(name.to_owned(), new);
    }
    Ok(plan)
}

/// Replaces `name` when the plan has another one for it.
pub(super) fn apply(name: &mut String, plan: &BTreeMap<String, String>) {
    if let Some(new) = plan.get(name.as_str()) {
        name.clone_from(new);
    }
}

/// The `index`th name: `$a` to `$z`, `$ba` and so on. The dollar keeps clear of
/// keywords and of every name the glue uses itself.
fn short(mut index: u32) -> String {
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(b'a' + u8::try_from(index % 26).unwrap_or(0)));
        index /= 26;
        if index == 0 {
            break;
        }
    }
    letters.push('$');
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_different() {
        let names: Vec<String> = (0..2000).map(short).collect();
        assert_eq!(names.first().map(String::as_str), Some("$a"));
        assert_eq!(names.get(26).map(String::as_str), Some("$ba"));
        let different: BTreeSet<&String> = names.iter().collect();
        assert_eq!(different.len(), names.len());
    }

    #[test]
    fn only_made_up_names_change_and_taken_ones_are_avoided() -> Result<()> {
        let glue = "let $a; imports.__wbg_add_0123456789abcdef = wasm.memory; wasm.start(); wasm.__wbindgen_start()";
        let names = ["__wbg_add_0123456789abcdef", "memory", "start", "__wbindgen_start"];
        let plan = plan(names.into_iter(), glue)?;
        assert_eq!(js::rename(glue, &plan), "let $a; imports.$b = wasm.memory; wasm.start(); wasm.$c()");
        let mut name = "__wbindgen_start".to_owned();
        apply(&mut name, &plan);
        assert_eq!(name, "$c");
        Ok(())
    }

    #[test]
    fn a_name_the_glue_lacks_is_refused() {
        let names = ["__wbg_gone_0123456789abcdef"];
        assert!(plan(names.into_iter(), "'__wbg_gone_0123456789abcdef'").is_err());
    }
}
