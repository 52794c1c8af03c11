//! Opaque tokens: 256 random bits in a cookie or link, only their SHA-256 in the database (rules J1, A3).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// A new token: what the person gets, and what is stored.
pub struct Secret {
    /// 43 characters, URL-safe. Shown once, never stored or logged.
    pub token: String,
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
}

impl Secret {
    /// Makes a token.
    pub fn new() -> Self {
        let bytes: [u8; 32] = rand::random();
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&token);
        Self { token, hash }
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

/// What is stored for a token.
pub fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}
