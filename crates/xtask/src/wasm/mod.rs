//! `cargo xtask wasm`: builds the browser crates and everything else a
//! browser loads into `dist/web`, which the server embeds.
//!
//! ```text
//! dist/web/manifest.json        logical name -> hashed name
//! dist/web/loader.js            template: the server puts the site's configuration in
//! dist/web/assets/NAME.HASH.EXT (+ .br, .gz)
//! ```

mod bindgen;
mod css;
mod inputs;
mod output;
#[path = "../../../../widget/pack.rs"]
mod pack;
mod raw;
mod shorten;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::shell::{cargo, files_below, output as run_for_output, root, run, say, target_dir};
use crate::{js, shell};
use output::Output;
pub(crate) use output::{brotli, gzip, hex, read_manifest};

/// The target triple of browser code.
pub(crate) const TRIPLE: &str = "wasm32-unknown-unknown";

/// How browser code is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Small: what ships and what is tested.
    Small,
    /// Quick to build, large: for work on the browser crates.
    Dev,
}

impl Profile {
    fn cargo_name(self) -> &'static str {
        match self {
            Self::Small => "wasm",
            Self::Dev => "dev",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Small => "wasm",
            Self::Dev => "debug",
        }
    }
}

/// Where the browser files go.
pub(crate) fn web_dir() -> PathBuf {
    root().join("dist").join("web")
}

/// Installs the wasm target when it is missing, and says so.
///
/// # Errors
/// When rustup is not there or cannot install it; the message has the command.
pub(crate) fn ensure_target() -> Result<()> {
    let mut rustc = std::process::Command::new("rustc");
    rustc.args(["--print", "sysroot"]).current_dir(root());
    let sysroot = run_for_output(&mut rustc)?;
    let installed = Path::new(sysroot.trim()).join("lib/rustlib").join(TRIPLE);
    if installed.is_dir() {
        return Ok(());
    }
    say(format!("Installing the compile target {TRIPLE} (once)"));
    let mut rustup = std::process::Command::new("rustup");
    rustup.args(["target", "add", TRIPLE]).current_dir(root());
    run(&mut rustup).with_context(|| format!("the target is missing: run `rustup target add {TRIPLE}`"))
}

/// Builds `dist/web` unless nothing changed since it was last built.
///
/// # Errors
/// When a browser crate does not compile or a file cannot be read or written.
pub(crate) fn build(profile: Profile) -> Result<()> {
    let stamp_path = root().join("dist").join("web.stamp");
    let stamp = inputs::stamp(profile)?;
    if std::fs::read_to_string(&stamp_path).is_ok_and(|old| old == stamp) && output::complete(&web_dir()) {
        say("Browser files are up to date");
        return Ok(());
    }
    say("Building the browser files (the first time takes some minutes)");
    ensure_target()?;
    let mut out = Output::create(&web_dir())?;
    add_widget(&mut out, profile)?;
    add_stylesheet(&mut out, "widget", "widget")?;
    add_console(&mut out, profile)?;
    add_stylesheet(&mut out, "agent-console", "console")?;
    add_backend_assets(&mut out)?;
    add_loader(&mut out)?;
    out.finish()?;
    std::fs::write(&stamp_path, stamp).with_context(|| format!("cannot write {}", stamp_path.display()))
}

/// What the linker is told of the widget, whose bytes are counted: a stack of 64 KiB before the data, whose
/// addresses are shorter then.
const WIDGET_FLAGS: [&str; 2] = ["-C", "link-arg=-zstack-size=65536"];

/// Compiles one browser crate. Each in its own cargo run: together, cargo
/// would give the widget the features the console asks of shared crates. As a
/// `cdylib` alone: with an `rlib` beside it, nothing is optimised across crates.
fn compile(profile: Profile, package: &str) -> Result<PathBuf> {
    let args = ["rustc", "--lib", "--crate-type", "cdylib", "--package", package, "--target", TRIPLE];
    let mut command = cargo(args);
    command.args(["--profile", profile.cargo_name()]);
    if package == "widget" && profile == Profile::Small {
        command.arg("--").args(WIDGET_FLAGS);
    }
    shell::run(&mut command)?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(target_dir().join(TRIPLE).join(profile.folder()).join(file))
}

/// The widget: a module that knows no browser, and `widget/platform.js`, which does.
fn add_widget(out: &mut Output, profile: Profile) -> Result<()> {
    let wasm = raw::trim(&compile(profile, "widget")?, profile)?;
    let wasm = out.add("widget.wasm", &wasm)?;
    let mut texts = serde_json::Map::new();
    for (language, text) in widget_texts()? {
        let name = out.add(&format!("widget.{language}.txt"), text.as_bytes())?;
        texts.insert(language, name.into());
    }
    let source = short_names(&read(&root().join("widget").join("platform.js"))?);
    let texts = serde_json::to_string(&texts)?;
    // The files stand in the same folder, so a bare name is an address.
    let glue = raw::fill_in(&js::strip(&source), &[("__FRONTDESK_WASM__", &wasm), ("'__FRONTDESK_TEXTS__'", &texts)])?;
    out.add("widget.js", glue.as_bytes())?;
    Ok(())
}

/// What the page gets of the widget by language: its texts, from `widget/locales`, and its markup, from the sources.
fn widget_texts() -> Result<Vec<(String, String)>> {
    let folder = root().join("widget");
    let table = |path: &Path| pack::read(&read(path)?).map_err(|why| anyhow::anyhow!("{}: {why}", path.display()));
    let english = table(&folder.join("locales").join("en.txt"))?;
    let mut sources = files_below(&folder.join("src").join("view"))?;
    sources.sort();
    sources.push(folder.join("src").join("page.rs"));
    let sources = sources.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let pieces = pack::pieces(&sources).map_err(anyhow::Error::msg)?;
    let mut packed = Vec::new();
    for path in files_below(&folder.join("locales"))? {
        let language = path.file_stem().and_then(|stem| stem.to_str()).context("a language without a name")?;
        let lines = pack::lines(&english, &table(&path)?, &pieces);
        let lines = lines.map_err(|why| anyhow::anyhow!("{}: {why}", path.display()))?;
        packed.push((language.to_owned(), lines));
    }
    Ok(packed)
}

fn add_console(out: &mut Output, profile: Profile) -> Result<()> {
    let compiled = compile(profile, "agent-console")?;
    let app = bindgen::bind(&compiled, "console", profile).context("cannot make the console's browser glue")?;
    let wasm = out.add("console.wasm", &app.wasm)?;
    let glue = app.glue.replace(bindgen::WASM_NAME, &wasm);
    out.add("console.js", glue.as_bytes())?;
    Ok(())
}

fn add_stylesheet(out: &mut Output, folder: &str, name: &str) -> Result<()> {
    let path = root().join(folder).join("style.css");
    if path.is_file() {
        let style = css::strip(&read(&path)?);
        out.add(&format!("{name}.css"), style.as_bytes())?;
    }
    Ok(())
}

/// `backend/assets`: files of the server-rendered pages, by their own name.
fn add_backend_assets(out: &mut Output) -> Result<()> {
    for path in files_below(&root().join("backend").join("assets"))? {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.with_context(|| format!("not a plain file name: {}", path.display()))?;
        let extension = path.extension().and_then(|end| end.to_str()).unwrap_or("");
        let bytes = match extension {
            "css" => css::strip(&read(&path)?).into_bytes(),
            "js" => js::strip(&read(&path)?).into_bytes(),
            _ => std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
        };
        out.add(name, &bytes)?;
    }
    Ok(())
}

fn add_loader(out: &mut Output) -> Result<()> {
    let path = root().join("widget").join("loader.js");
    if path.is_file() {
        out.add_loader(&js::strip(&short_names(&read(&path)?)))?;
    }
    Ok(())
}

/// Shortens the names that the source lists in comments `// short: NAME NAME`. The source sees to it that
/// none of them is also the name of a property.
fn short_names(source: &str) -> String {
    let taken = js::words(source);
    let letters = ('a'..='z').chain('A'..='Z');
    let mut free = letters
        .flat_map(|first| std::iter::once(String::from(first)).chain([format!("{first}0"), format!("{first}1")]))
        .filter(|name| !taken.contains(name.as_str()))
        .collect::<Vec<_>>();
    free.sort_by_key(String::len);
    let listed = source.lines().filter_map(|line| line.strip_prefix("// short: "));
    let names = listed.flat_map(str::split_whitespace).map(str::to_owned);
    js::rename(source, &names.zip(free).collect())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
