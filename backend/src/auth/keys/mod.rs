//! Keys that sign visitor tokens, and the tokens themselves (rules J2, J3, J5).
//!
//! The key file has one key a line, `ID SECRET`; the last line signs, every line verifies. To rotate: add a
//! line, restart, and remove the old line when the longest token life has passed.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use protocol::ids::{SiteId, TenantId, VisitorId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::VisitorIdentity;
use super::seal::Sealer;
use crate::error::{AppError, AppResult};

/// A token is renewed on an open connection this long before it expires, in milliseconds; at half of its life when
/// that is shorter.
const RENEW_BEFORE_MS: i64 = 60_000;

/// How long a visitor token is good unless the operator says otherwise, in milliseconds (30 days).
pub const VISITOR_TOKEN_MS: i64 = 30 * 24 * 60 * 60 * 1000;
/// Longest token that is looked at, in bytes.
pub const TOKEN_BYTES: usize = 4096;

/// Least bytes of a secret: HS256 with less is weaker than its hash.
const SECRET_BYTES: usize = 32;
/// Most keys in the file.
const KEYS: usize = 8;
/// How far the clocks of two nodes may differ, in seconds (C16).
const LEEWAY_S: i64 = 30;
const TYP: &str = "frontdesk-visitor+jwt";
const AUDIENCE: &str = "frontdesk:visitor";
const ISSUER: &str = "frontdesk";

const HEAD: &str = "# Frontdesk signing keys. Keep this file secret and back it up.\n\
                    # One key a line: ID SECRET (base64url, 32 bytes or more). The last line signs, every line verifies.\n";

/// The keys of this installation.
pub struct Keys {
    keys: Vec<Key>,
    /// How long a token signed now is good, in milliseconds.
    life_ms: i64,
}

struct Key {
    id: String,
    /// What tells it from others without telling it.
    fingerprint: String,
    sealer: Sealer,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// What a good visitor token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitorClaims {
    /// Who brings it.
    pub identity: VisitorIdentity,
    /// Compare with the visitor's `token_version`: an older token was revoked.
    pub version: i64,
    /// When it expires, Unix milliseconds.
    pub expires_at: i64,
    /// Origin of the page that the chat is embedded in, if the token was issued in one: it must be one that the site
    /// allows (F33).
    pub origin: Option<Box<str>>,
}

/// The payload. The types are strict: a time in quotes or with a fraction is no time.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    tenant: String,
    site: String,
    version: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<Box<str>>,
}

impl Keys {
    /// Reads the key file, or makes it with one new key and readable by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be read or made, holds a line that is not a key, or signing does not work.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create(path).with_context(|| format!("cannot make the key file {shown}"))?
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read the key file {shown}")),
        };
        let keys = Self::parse(&text).with_context(|| format!("the key file {shown} is not usable"))?;
        keys.test_itself().context("signing of visitor tokens does not work")?;
        Ok(keys)
    }

    /// Reads the keys from a text as the file has it; lines may be separated by commas, and a single secret needs no
    /// ID.
    ///
    /// # Errors
    /// When it holds something that is not a key, or signing does not work. The error does not show it.
    pub fn from_text(text: &str) -> anyhow::Result<Self> {
        let mut text = text.trim().replace(',', "\n");
        if !text.contains(char::is_whitespace) {
            // The same on every node.
            let mut id = fingerprint(text.as_bytes());
            id.truncate(8);
            text = format!("{id} {text}");
        }
        let keys = Self::parse(&text).context("FRONTDESK_SECRET is not usable")?;
        keys.test_itself().context("signing of visitor tokens does not work")?;
        Ok(keys)
    }

    /// What tells the key that signs from others, without telling it.
    pub fn signs_with(&self) -> &str {
        self.keys.last().map_or("", |key| &key.fingerprint)
    }

    /// Whether what another node signs is known here.
    pub fn knows(&self, fingerprint: &str) -> bool {
        self.keys.iter().any(|key| key.fingerprint == fingerprint)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut keys: Vec<Key> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let number = index + 1;
            let (id, secret) = line
                .split_once(char::is_whitespace)
                .with_context(|| format!("line {number}: expected ID and SECRET"))?;
            let plain = id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric());
            ensure!(plain, "line {number}: an ID is 1 to 32 letters and digits");
            ensure!(keys.iter().all(|key| key.id != id), "line {number}: the ID is used twice");
            let secret = URL_SAFE_NO_PAD
                .decode(secret.trim())
                .ok()
                .with_context(|| format!("line {number}: the secret is not base64url"))?;
            ensure!(secret.len() >= SECRET_BYTES, "line {number}: the secret has less than {SECRET_BYTES} bytes");
            keys.push(Key {
                id: id.to_owned(),
                fingerprint: fingerprint(&secret),
                encoding: EncodingKey::from_secret(&secret),
                decoding: DecodingKey::from_secret(&secret),
                sealer: Sealer::derive(&secret).context("no key can be derived from it")?,
            });
        }
        ensure!(!keys.is_empty(), "there is no key in it");
        ensure!(keys.len() <= KEYS, "there are more than {KEYS} keys in it");
        Ok(Self { keys, life_ms: VISITOR_TOKEN_MS })
    }

    /// The same keys, with another life of what they sign.
    #[must_use]
    pub fn with_life(self, life_ms: i64) -> Self {
        Self { life_ms, ..self }
    }

    /// Whether a token that expires at `expires_at` has lived half of its life: whoever connects gets a fresh one.
    pub fn is_old(&self, expires_at: i64, now_ms: i64) -> bool {
        expires_at - now_ms <= self.life_ms / 2
    }

    /// When a token that expires at `expires_at` is renewed on an open connection, Unix milliseconds (F30).
    pub fn renewal_at(&self, expires_at: i64) -> i64 {
        expires_at - RENEW_BEFORE_MS.min(self.life_ms / 2)
    }

    /// Signs a token for a visitor, in a page of `origin` if the chat is embedded in one. Says also when it expires,
    /// Unix milliseconds.
    pub fn sign_visitor(
        &self,
        identity: &VisitorIdentity,
        origin: Option<&str>,
        version: i64,
        now_ms: i64,
    ) -> (String, i64) {
        let now = now_ms.div_euclid(1000);
        let exp = now + self.life_ms / 1000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: identity.visitor.to_string(),
            tenant: identity.tenant.to_string(),
            site: identity.site.to_string(),
            version,
            iat: now,
            nbf: now,
            exp,
            origin: origin.map(Into::into),
        };
        let token = self.keys.last().map(|key| jsonwebtoken::encode(&header(&key.id), &claims, &key.encoding));
        // Cannot fail after `test_itself`; an empty token is refused everywhere.
        let token = token.and_then(Result::ok).unwrap_or_default();
        (token, exp * 1000)
    }

    /// Checks a token and says whose it is. Whether it was revoked is for the caller to see from `version`.
    ///
    /// # Errors
    /// `unauthenticated` for whatever is wrong with it.
    pub fn read_visitor(&self, token: &str, now_ms: i64) -> AppResult<VisitorClaims> {
        self.claims(token, now_ms, LEEWAY_S).ok_or_else(AppError::unauthenticated)
    }

    /// As [`Keys::read_visitor`], for a token that is brought to get a new one: for as long again as it was good it
    /// still says who somebody was (F21). Why: docs/decisions/0021-late-tokens.md.
    ///
    /// # Errors
    /// `unauthenticated` for whatever else is wrong with it.
    pub fn read_late_visitor(&self, token: &str, now_ms: i64) -> AppResult<VisitorClaims> {
        self.claims(token, now_ms, self.life_ms / 1000 + LEEWAY_S).ok_or_else(AppError::unauthenticated)
    }

    fn claims(&self, token: &str, now_ms: i64, late_s: i64) -> Option<VisitorClaims> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let found = jsonwebtoken::decode_header(token).ok()?;
        let key = self.keys.iter().find(|key| Some(&key.id) == found.kid.as_ref())?;
        // Exactly the header we write: another alg or typ, and jku, jwk, x5u, crit, zip or anything else, is
        // not ours.
        if found != header(&key.id) {
            return None;
        }
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &signature_only()).ok()?.claims;
        let now = now_ms.div_euclid(1000);
        let in_time = claims.exp > now - late_s && claims.nbf <= now + LEEWAY_S && claims.nbf < claims.exp;
        if !in_time || claims.aud != AUDIENCE || claims.iss != ISSUER {
            return None;
        }
        Some(VisitorClaims {
            identity: VisitorIdentity {
                tenant: TenantId::parse(&claims.tenant)?,
                site: SiteId::parse(&claims.site)?,
                visitor: VisitorId::parse(&claims.sub)?,
            },
            version: claims.version,
            expires_at: claims.exp.checked_mul(1000)?,
            origin: claims.origin,
        })
    }

    /// Seals a secret for the database. `context` names its purpose and owner: elsewhere it does not open.
    ///
    /// # Errors
    /// When there is no key, which [`Keys::open`] has ruled out.
    pub fn seal(&self, plain: &[u8], context: &str) -> AppResult<String> {
        let sealed = self.keys.last().and_then(|key| Some(format!("{}.{}", key.id, key.sealer.seal(plain, context)?)));
        sealed.ok_or_else(|| AppError::Internal(anyhow::anyhow!("a secret cannot be sealed")))
    }

    /// Opens a secret from the database.
    ///
    /// # Errors
    /// When its key is not in the key file any more, or it was changed.
    pub fn unseal(&self, sealed: &str, context: &str) -> AppResult<Vec<u8>> {
        let opened = sealed.split_once('.').and_then(|(id, sealed)| {
            let key = self.keys.iter().find(|key| key.id == id)?;
            key.sealer.open(sealed, context)
        });
        opened
            .ok_or_else(|| AppError::Internal(anyhow::anyhow!("a sealed secret does not open with the keys there are")))
    }

    /// Signs and reads a token: the crypto backend is there and refuses what it must (J3).
    fn test_itself(&self) -> anyhow::Result<()> {
        let nobody = uuid::Uuid::from_u128(1);
        let identity = VisitorIdentity { tenant: TenantId(nobody), site: SiteId(nobody), visitor: VisitorId(nobody) };
        let (token, _) = self.sign_visitor(&identity, None, 1, 0);
        let Some(claims) = self.claims(&token, 0, LEEWAY_S) else { bail!("a token just signed is not good") };
        ensure!(claims.identity == identity, "a token says something else than was signed");
        ensure!(self.claims(&token, VISITOR_TOKEN_MS * 2, LEEWAY_S).is_none(), "an expired token is good");
        let forged = token.rsplit_once('.').map(|(signed, _)| format!("{signed}.AAAA")).unwrap_or_default();
        ensure!(self.claims(&forged, 0, LEEWAY_S).is_none(), "a forged token is good");
        Ok(())
    }
}

/// The first digits of a hash of a secret, which has too much chance in it to be guessed from them.
fn fingerprint(secret: &[u8]) -> String {
    let hash = Sha256::new().chain_update(b"frontdesk key fingerprint").chain_update(secret).finalize();
    hash.iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn header(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TYP.to_owned());
    header.kid = Some(kid.to_owned());
    header
}

/// The signature and the algorithm HS256; times, issuer and audience are checked by whoever reads the claims, strictly.
pub(super) fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    validation
}

fn create(path: &Path) -> anyhow::Result<String> {
    let secret: [u8; SECRET_BYTES] = rand::random();
    let id: [u8; 4] = rand::random();
    let mut text = HEAD.to_owned();
    for byte in id {
        write!(text, "{byte:02x}")?;
    }
    writeln!(text, " {}", URL_SAFE_NO_PAD.encode(secret))?;
    write_private(path, &text)?;
    Ok(text)
}

/// Writes a new file that only its owner can read. Fails when it exists.
pub(crate) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
