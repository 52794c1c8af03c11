//! Makes sure that the folder of browser files exists, so that the server
//! compiles before they were built, and rebuilds it when they change.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let web = Path::new("../dist/web");
    let manifest = web.join("manifest.json");
    if !manifest.exists() {
        std::fs::create_dir_all(web)?;
        std::fs::write(&manifest, "{}")?;
    }
    println!("cargo:rerun-if-changed={}", web.display());
    Ok(())
}
