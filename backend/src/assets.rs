//! The files browsers load, built by `cargo xtask wasm` and embedded here.
//!
//! Names carry a hash of the content, so that they may be cached for ever:
//! `url("console.js")` is `/assets/console.0123456789abcdef.js`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::Embed;

/// What to tell people when there are no browser files in this binary.
pub const NOT_BUILT: &str = "The browser files were not built into this server; run `make run` or `cargo xtask wasm`, then build the server again.";

/// The text in the loader that the server replaces with the site's
/// configuration, a JSON object. The quotes belong to it.
pub const CONFIG_MARKER: &str = "\"__FRONTDESK_CONFIG__\"";

#[derive(Embed)]
#[folder = "../dist/web"]
struct Files;

/// A file as it goes to a browser.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The body, already in `encoding`.
    pub bytes: Cow<'static, [u8]>,
    /// The `content-type`.
    pub mime: &'static str,
    /// The `content-encoding`, when the body has one. Whatever it is, the
    /// answer varies with `accept-encoding`.
    pub encoding: Option<&'static str>,
}

/// One hashed file and its compressed forms.
struct Entry {
    mime: &'static str,
    plain: Cow<'static, [u8]>,
    brotli: Option<Cow<'static, [u8]>>,
    gzip: Option<Cow<'static, [u8]>>,
}

/// Everything the embedded folder says, read once.
struct Index {
    /// Logical name to address.
    urls: BTreeMap<String, String>,
    /// Hashed file name to file.
    files: BTreeMap<String, Entry>,
    loader: Cow<'static, str>,
    build: String,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::read);

impl Index {
    fn read() -> Self {
        let manifest = embedded("manifest.json").unwrap_or_default();
        // An unreadable manifest is the same as none: `missing` tells people.
        let names: BTreeMap<String, String> = serde_json::from_slice(&manifest).unwrap_or_default();
        let loader = match embedded("loader.js") {
            Some(Cow::Borrowed(bytes)) => String::from_utf8_lossy(bytes),
            Some(Cow::Owned(bytes)) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
            None => Cow::Owned(format!("console.error({NOT_BUILT:?});\n")),
        };
        let build = build_id(&manifest, loader.as_bytes());
        let files = names.values().filter_map(|name| Some((name.clone(), Entry::read(name)?))).collect();
        let urls = names.into_iter().map(|(logical, name)| (logical, format!("/assets/{name}"))).collect();
        Self { urls, files, loader, build }
    }
}

impl Entry {
    fn read(name: &str) -> Option<Self> {
        let path = format!("assets/{name}");
        Some(Self {
            mime: mime(name),
            plain: embedded(&path)?,
            brotli: embedded(&format!("{path}.br")),
            gzip: embedded(&format!("{path}.gz")),
        })
    }
}

fn embedded(path: &str) -> Option<Cow<'static, [u8]>> {
    Files::get(path).map(|file| file.data)
}

/// The address of a file by its logical name, as `widget.js`, `widget.wasm`,
/// `widget.css`, `widget.en.txt`, `console.js`, `console.wasm`, `console.css`, or the name of a
/// file in `backend/assets`. A name that does not exist gets an address that
/// answers 404.
#[must_use]
pub fn url(logical: &str) -> String {
    match INDEX.urls.get(logical) {
        Some(url) => url.clone(),
        None => format!("/assets/{logical}"),
    }
}

/// The file served at `/assets/PATH`, in the best form that `accept_encoding`
/// (the header's value, empty when there is none) allows. Names that are found
/// never change their content: serve them as immutable.
#[must_use]
pub fn get(path: &str, accept_encoding: &str) -> Option<Asset> {
    let entry = INDEX.files.get(path)?;
    let forms = [("br", &entry.brotli), ("gzip", &entry.gzip)];
    let packed = forms.into_iter().find_map(|(name, bytes)| {
        let bytes = bytes.as_ref()?;
        accepts(accept_encoding, name).then_some((name, bytes))
    });
    let (encoding, bytes) = match packed {
        Some((name, bytes)) => (Some(name), bytes),
        None => (None, &entry.plain),
    };
    Some(Asset {
        // The index lives as long as the process: no copy.
        bytes: Cow::Borrowed(bytes.as_ref()),
        mime: entry.mime,
        encoding,
    })
}

/// The loader with [`CONFIG_MARKER`] where the site's configuration goes.
#[must_use]
pub fn loader() -> Cow<'static, str> {
    match &INDEX.loader {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(text) => Cow::Borrowed(text.as_str()),
    }
}

/// The build id: 16 hexadecimal digits that change with any browser file.
#[must_use]
pub fn build() -> &'static str {
    &INDEX.build
}

/// Why pages that need browser code cannot work, or `None` when they can.
#[must_use]
pub fn missing() -> Option<&'static str> {
    INDEX.urls.is_empty().then_some(NOT_BUILT)
}

/// Whether an `accept-encoding` value names `encoding` (or `*`) and does not
/// refuse it by `q=0`.
fn accepts(header: &str, encoding: &str) -> bool {
    let mut any = false;
    for part in header.split(',') {
        let mut pieces = part.split(';').map(str::trim);
        let name = pieces.next().unwrap_or("");
        let refused = pieces.any(|piece| {
            let value = piece.strip_prefix("q=").or(piece.strip_prefix("Q="));
            value.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0))
        });
        if name.eq_ignore_ascii_case(encoding) {
            return !refused;
        }
        any |= name == "*" && !refused;
    }
    any
}

fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or("") {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn build_id(manifest: &[u8], loader: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    let hash = Sha256::new().chain_update(manifest).chain_update(loader).finalize();
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_the_form() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("br;q=1.0, gzip;q=0.5", "gzip"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("br; q=0.0, *", "br"));
        assert!(accepts("*", "br"));
        assert!(!accepts("*;q=0", "br"));
        assert!(!accepts("", "br"));
        assert!(!accepts("brotli", "br"));
    }

    #[test]
    fn an_unknown_name_has_an_address_and_no_file() {
        assert_eq!(url("nothing.js"), "/assets/nothing.js");
        assert!(get("nothing.js", "br").is_none());
        assert!(get("../manifest.json", "br").is_none());
        assert_eq!(build().len(), 16);
    }

    #[test]
    fn every_file_in_the_manifest_is_served() {
        for (logical, address) in &INDEX.urls {
            let path = address.strip_prefix("/assets/").unwrap_or("");
            let plain = get(path, "");
            assert!(
                plain.is_some_and(|asset| asset.encoding.is_none() && !asset.bytes.is_empty()),
                "{logical} is in the manifest and not in the folder"
            );
        }
    }
}
