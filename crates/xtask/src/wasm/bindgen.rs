//! From compiled wasm to what a browser loads: wasm-bindgen, short names,
//! small glue, and a call that starts the application.

use std::path::Path;

use anyhow::{Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use super::{Profile, shorten};
use crate::js;

/// Stands in the glue for the wasm file's name until its hash is known.
pub(super) const WASM_NAME: &str = "__FRONTDESK_WASM__";

/// What a browser loads of one application.
pub(super) struct App {
    /// The module.
    pub(super) wasm: Vec<u8>,
    /// Its JavaScript half, an ES module.
    pub(super) glue: String,
}

/// Makes wasm and glue from a compiled crate.
///
/// # Errors
/// When wasm-bindgen refuses the file, or its glue does not look as this
/// version's glue should (so that a wrong file never ships).
pub(super) fn bind(compiled: &Path, name: &str, profile: Profile) -> Result<App> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name(name)
        .web(true)?
        .typescript(false)
        .remove_name_section(profile == Profile::Small)
        .remove_producers_section(true)
        .omit_default_module_path(true);
    let mut output = bindgen.generate_output()?;
    let inline = output.snippets().values().any(|list| !list.is_empty());
    if inline || !output.local_modules().is_empty() {
        bail!("JavaScript snippets inside crates are not served; write a file of our own");
    }
    let mut glue = output.js().to_owned();
    if profile == Profile::Small {
        glue = shorten_names(output.wasm_mut(), &glue)?;
    }
    Ok(App { wasm: output.wasm_mut().emit_wasm(), glue: finish(&glue)? })
}

/// Renames imports and exports in the module and in the glue.
fn shorten_names(module: &mut walrus::Module, glue: &str) -> Result<String> {
    drop_unused_exports(module, glue);
    let imports = module.imports.iter().map(|import| import.name.as_str());
    let exports = module.exports.iter().map(|export| export.name.as_str());
    let names = shorten::plan(imports.chain(exports), glue)?;
    for import in module.imports.iter_mut() {
        shorten::apply(&mut import.name, &names);
    }
    for export in module.exports.iter_mut() {
        shorten::apply(&mut export.name, &names);
    }
    Ok(js::rename(glue, &names))
}

/// Removes made-up exports that the glue never calls, and the code only they reach.
fn drop_unused_exports(module: &mut walrus::Module, glue: &str) {
    let used = js::words(glue);
    let unused: Vec<_> = module
        .exports
        .iter()
        .filter(|export| shorten::made_up(&export.name) && !used.contains(export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for id in unused {
        module.exports.delete(id);
    }
    walrus::passes::gc::run(module);
}

/// Replaces the end of the glue: exports nobody imports go, and the start
/// call comes. A page that cannot start gets `data-boot="failed"` on its root
/// element, so that its stylesheet can show a text that stands in the page.
fn finish(glue: &str) -> Result<String> {
    let exports = "export { initSync, __wbg_init as default };";
    if !glue.contains(exports) {
        bail!("the glue of this wasm-bindgen version has another end than expected");
    }
    let boot = format!(
        "__wbg_init({{ module_or_path: new URL('{WASM_NAME}', import.meta.url) }}).catch((error) => {{\n\
         document.documentElement.dataset.boot = 'failed';\n\
         throw error;\n\
         }});"
    );
    let glue = glue.replace(exports, &boot);
    Ok(js::strip(&js::remove_function(&glue, "initSync")))
}
