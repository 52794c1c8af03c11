//! `cargo xtask budget`: what a browser loads, in bytes, against the limits.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::shell::{root, say};
use crate::wasm::{brotli, gzip, read_manifest, web_dir};

/// The design's budgets in bytes, a kilobyte being 1024; those of the widget are larger by what decision 6 says.
const LOADER_GZIP: usize = 3 * 1024;
const WASM_AND_GLUE_BROTLI: usize = 37 * 1024;
const STYLE_BROTLI: usize = 5 * 1024;
const FIRST_LOAD_BROTLI: usize = 46 * 1024 + 512;
/// Above this the console is said to be large; it does not fail.
const CONSOLE_BROTLI: usize = 400 * 1024;

/// A configuration as long as a real one, to weigh the loader with.
const SAMPLE_CONFIG: &str = r##"{"key":"epr5mdejtd9mibvs","host":"https://chat.example.com","frame":"https://chat.example.com/frame/epr5mdejtd9mibvs","build":"0123456789abcdef","color":"#2f55d4","side":"end","theme":"auto"}"##;

/// One thing that is loaded.
#[derive(Clone, Copy, Default)]
struct Size {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Size {
    fn of(bytes: &[u8]) -> Result<Self> {
        Ok(Self { raw: bytes.len(), gzip: gzip(bytes)?.len(), brotli: brotli(bytes)?.len() })
    }

    fn plus(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip, brotli: self.brotli + other.brotli }
    }

    fn print(self, name: &str) {
        say(format!("{name:<28} {:>9} {:>9} {:>9}", self.raw, self.gzip, self.brotli));
    }
}

/// A budget and what stands against it.
struct Limit {
    what: &'static str,
    bytes: usize,
    budget: usize,
}

impl Limit {
    fn new(what: &'static str, bytes: usize, budget: usize) -> Self {
        Self { what, bytes, budget }
    }
}

/// Prints all sizes.
///
/// # Errors
/// When a limit is exceeded, or the browser files are not built.
pub(crate) fn check() -> Result<()> {
    let web = web_dir();
    let loader = std::fs::read_to_string(web.join("loader.js"))
        .context("the browser files are not built; run `cargo xtask wasm`")?;
    let loader = loader.replace("\"__FRONTDESK_CONFIG__\"", SAMPLE_CONFIG);
    let loader = Size::of(loader.as_bytes())?;
    let wasm = asset(&web, "widget.wasm")?;
    let glue = asset(&web, "widget.js")?;
    let style = asset(&web, "widget.css")?;
    let words = words(&web)?;
    let pictures = std::fs::read(root().join("backend/templates/web/pictures.html")).context("no pictures")?;
    let pictures = Size::of(&pictures)?;
    let first_load = wasm.plus(glue).plus(words).plus(pictures).plus(style).plus(loader);
    let console_wasm = asset(&web, "console.wasm")?;
    let console_glue = asset(&web, "console.js")?;
    let console_style = asset(&web, "console.css")?;
    let console = console_wasm.plus(console_glue).plus(console_style);

    say(format!("{:<28} {:>9} {:>9} {:>9}", "bytes", "raw", "gzip", "brotli"));
    loader.print("loader.js with configuration");
    wasm.print("widget.wasm");
    glue.print("widget.js");
    words.print("texts and markup, a language");
    pictures.print("pictures in the page");
    style.print("widget.css");
    first_load.print("first load of the widget");
    console_wasm.print("console.wasm");
    console_glue.print("console.js");
    console_style.print("console.css");
    console.print("first load of the console");

    if console.brotli > CONSOLE_BROTLI {
        say(format!("warning: the console is {} bytes of brotli, more than {CONSOLE_BROTLI}", console.brotli));
    }
    judge(&[
        Limit::new("loader.js, gzip", loader.gzip, LOADER_GZIP),
        Limit::new("widget wasm and glue, brotli", wasm.plus(glue).brotli, WASM_AND_GLUE_BROTLI),
        Limit::new("widget.css, brotli", style.brotli, STYLE_BROTLI),
        Limit::new("first load of the widget, brotli", first_load.brotli, FIRST_LOAD_BROTLI),
    ])
}

fn judge(limits: &[Limit]) -> Result<()> {
    let mut exceeded = 0;
    for Limit { what, bytes, budget } in limits {
        let verdict = if bytes > budget {
            exceeded += 1;
            format!("OVER BUDGET by {}", bytes - budget)
        } else {
            "ok".to_owned()
        };
        say(format!("{what:<36} {bytes:>7} of {budget:>7}  {verdict}"));
    }
    if exceeded > 0 {
        bail!("{exceeded} byte budgets are exceeded");
    }
    Ok(())
}

/// The longest of the widget's texts: a visitor loads one language.
fn words(web: &Path) -> Result<Size> {
    let manifest = read_manifest(web)?;
    let mut longest = Size::default();
    for logical in manifest.keys().filter(|name| name.starts_with("widget.") && name.ends_with(".txt")) {
        let size = asset(web, logical)?;
        if size.brotli > longest.brotli {
            longest = size;
        }
    }
    Ok(longest)
}

/// The size of a file by its logical name.
fn asset(web: &Path, logical: &str) -> Result<Size> {
    let manifest = read_manifest(web)?;
    let name = manifest.get(logical).with_context(|| format!("{logical} is not built; run `cargo xtask wasm`"))?;
    let path = web.join("assets").join(name);
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Size::of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_over_is_too_much() {
        let limit = |bytes| Limit::new("x", bytes, 10);
        assert!(judge(&[limit(10)]).is_ok());
        assert!(judge(&[limit(10), limit(11)]).is_err());
    }
}
