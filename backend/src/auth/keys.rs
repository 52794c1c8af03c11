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

use super::VisitorIdentity;
use crate::error::{AppError, AppResult};

/// How long a visitor token is good, in milliseconds (30 days).
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
}

struct Key {
    id: String,
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
                encoding: EncodingKey::from_secret(&secret),
                decoding: DecodingKey::from_secret(&secret),
            });
        }
        ensure!(!keys.is_empty(), "there is no key in it");
        ensure!(keys.len() <= KEYS, "there are more than {KEYS} keys in it");
        Ok(Self { keys })
    }

    /// Signs a token for a visitor. Says also when it expires, Unix milliseconds.
    pub fn sign_visitor(&self, identity: &VisitorIdentity, version: i64, now_ms: i64) -> (String, i64) {
        let now = now_ms.div_euclid(1000);
        let exp = now + VISITOR_TOKEN_MS / 1000;
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
        self.claims(token, now_ms).ok_or_else(AppError::unauthenticated)
    }

    fn claims(&self, token: &str, now_ms: i64) -> Option<VisitorClaims> {
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
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation()).ok()?.claims;
        let now = now_ms.div_euclid(1000);
        let in_time = claims.exp > now - LEEWAY_S && claims.nbf <= now + LEEWAY_S && claims.nbf < claims.exp;
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
        })
    }

    /// Signs and reads a token: the crypto backend is there and refuses what it must (J3).
    fn test_itself(&self) -> anyhow::Result<()> {
        let nobody = uuid::Uuid::from_u128(1);
        let identity = VisitorIdentity { tenant: TenantId(nobody), site: SiteId(nobody), visitor: VisitorId(nobody) };
        let (token, _) = self.sign_visitor(&identity, 1, 0);
        let Some(claims) = self.claims(&token, 0) else { bail!("a token just signed is not good") };
        ensure!(claims.identity == identity, "a token says something else than was signed");
        ensure!(self.claims(&token, VISITOR_TOKEN_MS * 2).is_none(), "an expired token is good");
        let forged = token.rsplit_once('.').map(|(signed, _)| format!("{signed}.AAAA")).unwrap_or_default();
        ensure!(self.claims(&forged, 0).is_none(), "a forged token is good");
        Ok(())
    }
}

fn header(kid: &str) -> Header {
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(TYP.to_owned());
    header.kid = Some(kid.to_owned());
    header
}

/// The signature and the algorithm; times, issuer and audience are checked by `claims`, strictly.
fn validation() -> Validation {
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
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    const NOW: i64 = 1_700_000_000_000;
    const SECRET: [u8; 32] = [7; 32];

    fn line(id: &str, secret: &[u8]) -> String {
        format!("{id} {}\n", URL_SAFE_NO_PAD.encode(secret))
    }

    fn keys() -> Keys {
        Keys::parse(&line("k1", &SECRET)).unwrap()
    }

    fn identity() -> VisitorIdentity {
        let id = |n| Uuid::from_u128(n);
        VisitorIdentity { tenant: TenantId(id(1)), site: SiteId(id(2)), visitor: VisitorId(id(3)) }
    }

    fn payload() -> Value {
        let now = NOW / 1000;
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": identity().visitor.to_string(),
            "tenant": identity().tenant.to_string(), "site": identity().site.to_string(),
            "version": 1, "iat": now, "nbf": now, "exp": now + 60,
        })
    }

    /// Signs any header and payload with the right secret: what only the key's owner could make.
    fn signed(header: &Value, payload: &Value) -> String {
        use hmac::{KeyInit, Mac};
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(payload.to_string()));
        let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&SECRET).unwrap();
        mac.update(text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }

    fn good_header() -> Value {
        json!({"alg": "HS256", "typ": TYP, "kid": "k1"})
    }

    #[test]
    fn what_was_signed_is_read() {
        let (token, expires_at) = keys().sign_visitor(&identity(), 4, NOW);
        let claims = keys().read_visitor(&token, NOW).unwrap();
        assert_eq!(claims, VisitorClaims { identity: identity(), version: 4, expires_at });
        assert_eq!(expires_at, NOW + VISITOR_TOKEN_MS);
        assert!(keys().test_itself().is_ok());
        assert!(keys().claims(&signed(&good_header(), &payload()), NOW).is_some());
    }

    #[test]
    fn only_our_header_is_good() {
        let mut bad = vec![
            json!({"alg": "none", "typ": TYP, "kid": "k1"}),
            json!({"alg": "HS384", "typ": TYP, "kid": "k1"}),
            json!({"alg": "RS256", "typ": TYP, "kid": "k1"}),
            json!({"alg": "HS256", "typ": "JWT", "kid": "k1"}),
            json!({"alg": "HS256", "kid": "k1"}),
            json!({"alg": "HS256", "typ": TYP}),
            json!({"alg": "HS256", "typ": TYP, "kid": "k2"}),
            json!({"alg": "HS256", "typ": TYP, "kid": "../k1"}),
        ];
        for extra in ["jku", "x5u", "x5t", "cty", "url", "nonce", "b64", "anything"] {
            let mut header = good_header();
            header[extra] = json!("https://evil.example/key");
            bad.push(header);
        }
        let mut header = good_header();
        header["crit"] = json!(["exp"]);
        bad.push(header);
        let mut header = good_header();
        header["jwk"] = json!({"kty": "oct", "k": "AAAA"});
        bad.push(header);
        for header in bad {
            assert!(keys().claims(&signed(&header, &payload()), NOW).is_none(), "{header}");
        }
    }

    #[test]
    fn only_our_payload_is_good() {
        let now = NOW / 1000;
        let wrong = [
            ("iss", json!("other")),
            ("aud", json!("frontdesk:agent")),
            ("aud", json!([AUDIENCE])),
            ("sub", json!("nobody")),
            ("tenant", json!("")),
            ("site", json!(3)),
            ("version", json!("1")),
            ("exp", json!(now - 31)),
            ("exp", json!((now + 60).to_string())),
            ("exp", json!(now as f64 + 60.5)),
            ("exp", json!(-1)),
            ("exp", json!(1e30)),
            ("exp", json!(i64::MAX)),
            ("exp", Value::Null),
            ("nbf", json!(now + 31)),
            ("nbf", json!((now).to_string())),
            ("nbf", json!(i64::MAX)),
        ];
        for (name, value) in wrong {
            let mut payload = payload();
            payload[name] = value.clone();
            assert!(keys().claims(&signed(&good_header(), &payload), NOW).is_none(), "{name} {value}");
        }
        for name in ["iss", "aud", "sub", "tenant", "site", "version", "exp", "nbf"] {
            let mut payload = payload();
            payload.as_object_mut().unwrap().remove(name);
            assert!(keys().claims(&signed(&good_header(), &payload), NOW).is_none(), "without {name}");
        }
    }

    #[test]
    fn forged_and_misshapen_tokens_are_refused() {
        let (token, _) = keys().sign_visitor(&identity(), 1, NOW);
        let other = Keys::parse(&line("k1", &[8; 32])).unwrap();
        assert!(other.claims(&token, NOW).is_none());
        let (signed, _) = token.rsplit_once('.').unwrap();
        for bad in ["", ".", "..", "a.b.c", &format!("{signed}."), signed, &"a".repeat(5000), &format!("{token}.x")] {
            assert!(keys().claims(bad, NOW).is_none(), "{bad}");
        }
        let long = format!("{token}{}", "A".repeat(TOKEN_BYTES));
        assert!(keys().claims(&long, NOW).is_none());
    }

    #[test]
    fn rotation_overlaps() {
        let (old, _) = keys().sign_visitor(&identity(), 1, NOW);
        let both = Keys::parse(&(line("k1", &SECRET) + &line("k2", &[9; 32]))).unwrap();
        let (new, _) = both.sign_visitor(&identity(), 1, NOW);
        assert!(both.claims(&old, NOW).is_some() && both.claims(&new, NOW).is_some());
        let only_new = Keys::parse(&line("k2", &[9; 32])).unwrap();
        assert!(only_new.claims(&old, NOW).is_none() && only_new.claims(&new, NOW).is_some());
    }

    #[test]
    fn weak_and_unreadable_key_files_are_refused() {
        for bad in ["", "# none", "k1", "k1 !!!", &line("k1", &[1; 31]), &line("k/1", &SECRET)] {
            assert!(Keys::parse(bad).is_err(), "{bad}");
        }
        assert!(Keys::parse(&(line("k1", &SECRET) + &line("k1", &SECRET))).is_err());
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let folder = std::env::temp_dir().join(format!("frontdesk-keys-{}", Uuid::new_v4()));
        let path = folder.join("keys");
        let (token, _) = Keys::open(&path).unwrap().sign_visitor(&identity(), 1, NOW);
        assert!(Keys::open(&path).unwrap().claims(&token, NOW).is_some());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
