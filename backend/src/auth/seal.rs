//! Secrets that must be read again, such as those of second factors, lie in the database sealed with a key
//! from the key file (rule S1): who has only the database has nothing.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of a nonce.
const NONCE_BYTES: usize = 12;

/// A key that seals, derived from one of the key file so that neither says anything about the other.
pub(super) struct Sealer(ChaCha20Poly1305);

impl Sealer {
    pub(super) fn derive(secret: &[u8]) -> Option<Self> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).ok()?;
        mac.update(b"frontdesk:seal:1");
        let key: [u8; 32] = mac.finalize().into_bytes().into();
        Some(Self(ChaCha20Poly1305::new(&Key::from(key))))
    }

    /// Seals `plain` for one purpose and owner, named by `context`: elsewhere it does not open.
    pub(super) fn seal(&self, plain: &[u8], context: &str) -> Option<String> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let mut sealed = nonce.to_vec();
        sealed.extend(self.0.encrypt(&Nonce::from(nonce), payload).ok()?);
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what [`Sealer::seal`] made with the same context.
    pub(super) fn open(&self, sealed: &str, context: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        self.0.decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: context.as_bytes() }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_only_with_its_key_and_context() {
        let (one, other) = (Sealer::derive(&[1; 32]).unwrap(), Sealer::derive(&[2; 32]).unwrap());
        let sealed = one.seal(b"secret", "a").unwrap();
        assert_ne!(sealed, one.seal(b"secret", "a").unwrap());
        assert_eq!(one.open(&sealed, "a").unwrap(), b"secret");
        assert_eq!(one.open(&sealed, "b"), None);
        assert_eq!(other.open(&sealed, "a"), None);
        for damaged in ["", "AAAA", "%", &sealed[1..]] {
            assert_eq!(one.open(damaged, "a"), None);
        }
    }
}
