//! Writes `dist/web`: hashed names, compressed copies, the manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// Bytes below which a compressed copy is not worth a file.
const COMPRESS_FROM: usize = 256;

/// The folder being written.
pub(super) struct Output {
    folder: PathBuf,
    manifest: BTreeMap<String, String>,
    kept: BTreeSet<PathBuf>,
}

impl Output {
    /// Starts writing into `folder`, which may hold an earlier build: files
    /// with the same hash are kept, others are removed at the end.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        let assets = folder.join("assets");
        std::fs::create_dir_all(&assets).with_context(|| format!("cannot create {}", assets.display()))?;
        Ok(Self { folder: folder.to_path_buf(), manifest: BTreeMap::new(), kept: BTreeSet::new() })
    }

    /// Adds a file under its hashed name and returns that name.
    ///
    /// # Errors
    /// When two files have the same logical name or one cannot be written.
    pub(super) fn add(&mut self, logical: &str, bytes: &[u8]) -> Result<String> {
        if self.manifest.contains_key(logical) {
            bail!("two browser files are called {logical}");
        }
        let name = hashed_name(logical, bytes);
        let path = self.folder.join("assets").join(&name);
        self.write(&path, || Ok(bytes.to_vec()))?;
        if bytes.len() >= COMPRESS_FROM && compressible(logical) {
            self.write(&with_suffix(&path, ".br"), || brotli(bytes))?;
            self.write(&with_suffix(&path, ".gz"), || gzip(bytes))?;
        }
        self.manifest.insert(logical.to_owned(), name.clone());
        Ok(name)
    }

    /// Adds the loader template. It has no hash: the server fills it in and
    /// answers for its freshness.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add_loader(&mut self, text: &str) -> Result<()> {
        let path = self.folder.join("loader.js");
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        self.kept.insert(path);
        Ok(())
    }

    /// Writes the manifest and removes what an earlier build left.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub(super) fn finish(mut self) -> Result<()> {
        let path = self.folder.join("manifest.json");
        let text = serde_json::to_string_pretty(&self.manifest)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        self.kept.insert(path);
        for path in crate::shell::files_below(&self.folder)? {
            if !self.kept.contains(&path) {
                std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }

    /// Writes a file named by content, unless it is there already.
    fn write(&mut self, path: &Path, bytes: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        if !path.is_file() {
            // Through another name: a build cut short leaves no half file.
            let temporary = with_suffix(path, ".part");
            std::fs::write(&temporary, bytes()?)
                .and_then(|()| std::fs::rename(&temporary, path))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        self.kept.insert(path.to_path_buf());
        Ok(())
    }
}

/// Whether `folder` holds a manifest and every file it names.
pub(super) fn complete(folder: &Path) -> bool {
    let Ok(manifest) = read_manifest(folder) else {
        return false;
    };
    !manifest.is_empty()
        && folder.join("loader.js").is_file()
        && manifest.values().all(|name| folder.join("assets").join(name).is_file())
}

/// The manifest in `folder`: logical name to hashed name.
///
/// # Errors
/// When it is missing or not a map of names.
pub(crate) fn read_manifest(folder: &Path) -> Result<BTreeMap<String, String>> {
    let path = folder.join("manifest.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
}

/// `bytes` compressed with brotli at its highest level.
///
/// # Errors
/// None in practice: it writes to memory.
pub(crate) fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    {
        let mut writer = brotli::CompressorWriter::new(&mut out, 1 << 16, 11, 22);
        writer.write_all(bytes)?;
        writer.flush()?;
    }
    Ok(out)
}

/// `bytes` compressed with gzip at its highest level.
///
/// # Errors
/// None in practice: it writes to memory.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let level = flate2::Compression::best();
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `a/style.css` with content `bytes` becomes `style.0123456789abcdef.css`.
fn hashed_name(logical: &str, bytes: &[u8]) -> String {
    let hash = hex(&Sha256::digest(bytes));
    let hash = hash.get(..16).unwrap_or(&hash);
    match logical.rsplit_once('.') {
        Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
        None => format!("{logical}.{hash}"),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn compressible(name: &str) -> bool {
    let extension = name.rsplit('.').next().unwrap_or("");
    matches!(extension, "js" | "css" | "wasm" | "svg" | "html" | "json" | "txt" | "ico" | "webmanifest")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_content() {
        let name = hashed_name("app.js", b"a");
        assert_eq!(name, "app.ca978112ca1bbdca.js");
        assert_ne!(name, hashed_name("app.js", b"b"));
    }

    #[test]
    fn compressed_copies_can_be_read_back() -> Result<()> {
        let text = b"frontdesk ".repeat(100);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut brotli(&text)?.as_slice(), &mut plain)?;
        assert_eq!(plain, text);
        let mut plain = Vec::new();
        let packed = gzip(&text)?;
        let mut reader = flate2::read::GzDecoder::new(packed.as_slice());
        std::io::copy(&mut reader, &mut plain)?;
        assert_eq!(plain, text);
        Ok(())
    }

    #[test]
    fn an_unchanged_folder_is_complete_and_old_files_go() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("xtask-output-{}", std::process::id()));
        let mut first = Output::create(&folder)?;
        let old = first.add("a.css", b"one")?;
        first.add_loader("loader")?;
        first.finish()?;
        assert!(complete(&folder));
        let mut second = Output::create(&folder)?;
        let new = second.add("a.css", b"two")?;
        assert!(second.add("a.css", b"three").is_err());
        second.add_loader("loader")?;
        second.finish()?;
        assert!(!folder.join("assets").join(&old).exists());
        assert!(folder.join("assets").join(&new).exists());
        std::fs::remove_file(folder.join("assets").join(&new))?;
        assert!(!complete(&folder));
        std::fs::remove_dir_all(&folder)?;
        Ok(())
    }
}
