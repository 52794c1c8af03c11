//! Where unsent messages survive a reload.

use alloc::string::String;
use alloc::vec::Vec;

use protocol::ids::Cmid;

use super::js;

/// Keeps texts by id.
pub trait Storage {
    /// Everything kept.
    fn load(&mut self) -> Vec<String>;
    /// Keeps a text; `false` when that failed.
    fn put(&mut self, cmid: Cmid, text: &str) -> bool;
    /// Forgets a text.
    fn remove(&mut self, cmid: Cmid);
}

/// One key of `localStorage` for each text, so that two tabs never write over each other. Browsers may refuse
/// storage to a frame; then nothing is kept.
pub struct LocalStorage {
    prefix: String,
}

impl LocalStorage {
    /// Keys are `prefix` and the id.
    pub fn new(prefix: String) -> Self {
        Self { prefix }
    }

    fn key(&self, cmid: Cmid) -> String {
        let mut key = self.prefix.clone();
        key.push_str(&cmid.text());
        key
    }
}

impl Storage for LocalStorage {
    fn load(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        let mut index = 0;
        while let Ok(Some(key)) = js::key_at(index) {
            if key.starts_with(&self.prefix)
                && let Ok(Some(text)) = js::get_item(&key)
            {
                found.push(text);
            }
            index += 1;
        }
        found
    }

    fn put(&mut self, cmid: Cmid, text: &str) -> bool {
        js::set_item(&self.key(cmid), text).is_ok()
    }

    fn remove(&mut self, cmid: Cmid) {
        // Nothing can be done about it; a text sent again is stored once.
        let _ = js::remove_item(&self.key(cmid));
    }
}

/// Keeps nothing beyond this page, on purpose.
pub struct MemoryStorage;

impl Storage for MemoryStorage {
    fn load(&mut self) -> Vec<String> {
        Vec::new()
    }
    fn put(&mut self, _: Cmid, _: &str) -> bool {
        true
    }
    fn remove(&mut self, _: Cmid) {}
}
