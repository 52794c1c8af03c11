//! A module without wasm-bindgen: what the browser need not read goes, and its script learns the names of files.

use std::path::Path;

use anyhow::{Result, bail};
use walrus::{ExportItem, FunctionBuilder, FunctionId, FunctionKind, Module, ModuleConfig};

use super::Profile;

/// The compiled module without names, notes of the compiler and exports of the linker.
///
/// # Errors
/// When it cannot be read.
pub(super) fn trim(compiled: &Path, profile: Profile) -> Result<Vec<u8>> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(profile == Profile::Dev).generate_producers_section(false);
    let mut module = config.parse_file(compiled)?;
    // The linker exports addresses as well, which nobody asks for.
    let globals: Vec<_> = module.exports.iter().filter(|it| matches!(it.item, ExportItem::Global(_))).collect();
    let globals: Vec<_> = globals.into_iter().map(walrus::Export::id).collect();
    for id in globals {
        module.exports.delete(id);
    }
    let custom: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for id in custom {
        module.customs.delete(id);
    }
    if profile == Profile::Small {
        silence(&mut module)?;
    }
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

/// Code that only words a panic: nobody reads it, for a panic ends the module without a word.
const WORDING: [&str; 2] = ["4core3fmt", "alloc_error_handler"];

/// Makes the functions that word panics trap at once, so that nothing they need is kept.
///
/// # Errors
/// When one cannot be replaced.
fn silence(module: &mut Module) -> Result<()> {
    let words = |name: &str| WORDING.iter().any(|part| name.contains(part));
    let wording: Vec<FunctionId> =
        module.funcs.iter().filter(|it| it.name.as_deref().is_some_and(words)).map(walrus::Function::id).collect();
    for id in wording {
        let FunctionKind::Local(local) = &module.funcs.get(id).kind else { continue };
        let (parameters, results) = module.types.params_results(local.ty());
        let (parameters, results) = (parameters.to_vec(), results.to_vec());
        let mut builder = FunctionBuilder::new(&mut module.types, &parameters, &results);
        builder.func_body().unreachable();
        let arguments = parameters.iter().map(|ty| module.locals.add(*ty)).collect();
        let replaced = builder.local_func(arguments);
        module.funcs.get_mut(id).kind = FunctionKind::Local(replaced);
    }
    Ok(())
}

/// Replaces each marker of `source`, which stands there once.
///
/// # Errors
/// When a marker is missing or stands there again.
pub(super) fn fill_in(source: &str, markers: &[(&str, &str)]) -> Result<String> {
    let mut out = source.to_owned();
    for (marker, value) in markers {
        if out.matches(marker).count() != 1 {
            bail!("{marker} has to stand in the script once");
        }
        out = out.replace(marker, value);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::fill_in;

    #[test]
    fn markers_are_replaced_and_missed() {
        assert_eq!(fill_in("a 'X' b", &[("'X'", "1")]).unwrap(), "a 1 b");
        assert!(fill_in("a b", &[("X", "1")]).is_err());
        assert!(fill_in("X X", &[("X", "1")]).is_err());
    }
}
