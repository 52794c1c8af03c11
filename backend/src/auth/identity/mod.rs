//! Who a visitor is in the merchant's own system, as the merchant's server signed it (rule J6). Only what is signed
//! counts: a name somebody claims opens no history and no short cut. Why so: docs/decisions/0022-identity.md.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::text::{EmailAddress, Locale, Name, Skill};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Header};
use protocol::frame::Identity;
use protocol::ids::TenantId;
use protocol::limits;
use serde::Deserialize;
use sha2::Sha256;
use uuid::Uuid;

use super::keys::{Keys, TOKEN_BYTES, signature_only};
use crate::error::{AppError, AppResult};

/// Longest id of a visitor in the merchant's system, in characters.
pub const EXTERNAL_ID_CHARS: usize = 200;
/// Most skills that an identity may ask for; more are left out.
pub const SKILLS: usize = 10;
/// How long a token may be good, in seconds (30 days): as long as the visitor token it gives.
const LIFE_S: i64 = 30 * 24 * 60 * 60;
/// How far the merchant's clock may differ from ours, in seconds.
const LEEWAY_S: i64 = 60;
/// Bytes of chance in a secret.
const SECRET_BYTES: usize = 32;
/// Bytes of an HMAC-SHA-256.
const HMAC_BYTES: usize = 32;

/// What a key signs. A JWT is signed by the HMAC of its first two parts, so that one key for both ways would let whoever
/// may choose the id that a shop signs by the other way, such as a user name, choose a token. What a secret begins with
/// says it, and so whoever finds one knows what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Tokens: JWT with HS256.
    Token,
    /// Ids by themselves: HMAC-SHA-256.
    Hmac,
    /// Both: keys that were made before there was a choice. To be renewed.
    Both,
}

impl Way {
    /// What a new key may be for.
    pub const NEW: [Self; 2] = [Self::Token, Self::Hmac];

    /// The word for it in forms and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "jwt",
            Self::Hmac => "hmac",
            Self::Both => "both",
        }
    }

    /// What a new key is to be for, by its word.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::NEW.into_iter().find(|way| way.as_str() == text)
    }

    /// What the key with this secret is for.
    pub fn of(secret: &str) -> Self {
        let found = Self::NEW.into_iter().find(|way| secret.starts_with(way.prefix()));
        found.unwrap_or(Self::Both)
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Token => "fdj_",
            Self::Hmac => "fdh_",
            Self::Both => "fdi_",
        }
    }
}

/// A new secret of an identity key.
pub struct NewSecret {
    /// What the merchant's server signs with: this text, byte by byte, is the key. Shown once, never logged.
    pub shown: String,
    /// What is stored.
    pub sealed: String,
}

/// Makes the secret of a key that is for one way.
///
/// # Errors
/// As [`Keys::seal`].
pub fn new_secret(keys: &Keys, (tenant, key): (TenantId, Uuid), way: Way) -> AppResult<NewSecret> {
    let bytes: [u8; SECRET_BYTES] = rand::random();
    let shown = format!("{}{}", way.prefix(), URL_SAFE_NO_PAD.encode(bytes));
    let sealed = keys.seal_identity_secret(tenant, key, &shown)?;
    Ok(NewSecret { shown, sealed })
}

impl Keys {
    /// Seals the secret of an identity key; it opens for this tenant and key alone.
    ///
    /// # Errors
    /// As [`Keys::seal`].
    pub fn seal_identity_secret(&self, tenant: TenantId, key: Uuid, secret: &str) -> AppResult<String> {
        self.seal(secret.as_bytes(), &context(tenant, key))
    }

    /// Opens the secret of an identity key.
    ///
    /// # Errors
    /// As [`Keys::unseal`].
    pub fn open_identity_secret(&self, tenant: TenantId, key: Uuid, sealed: &str) -> AppResult<String> {
        let bytes = self.unseal(sealed, &context(tenant, key))?;
        String::from_utf8(bytes).map_err(|_| AppError::Internal(anyhow::anyhow!("an identity key is no text")))
    }
}

fn context(tenant: TenantId, key: Uuid) -> String {
    format!("identity_key:{tenant}:{}", key.hyphenated())
}

/// What a valid identity says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The merchant's id, compared byte by byte: what looks alike is not the same.
    pub external_id: String,
    /// Name.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Goes first.
    pub vip: bool,
    /// Language, BCP 47.
    pub language: Option<String>,
    /// What an agent must be able to do.
    pub skills: Vec<String>,
}

/// Why an identity is not valid. For the log of the server; whoever sent it learns only that it was ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Neither a token nor an id with its HMAC, or too long.
    #[error("it is neither a token nor an id with its hmac")]
    Shape,
    /// Another algorithm than HS256, or a header that says where to find a key.
    #[error("its header says something else than HS256")]
    Header,
    /// No key of the tenant that is for this way and was not revoked made it.
    #[error("no key of the tenant for this way of signing has signed it")]
    Signature,
    /// A claim that must be there is not, or one has the wrong type.
    #[error("a claim is missing or has the wrong type")]
    Claims,
    /// Expired, not good yet, or good for too long.
    #[error("it is expired, not good yet, or good for more than 30 days")]
    Time,
    /// The id is empty, too long or holds control characters.
    #[error("its id is not 1 to 200 plain characters")]
    Id,
}

/// Claims of a token. The types are strict: a time in quotes or with a fraction is no time.
#[derive(Deserialize)]
struct Claims {
    sub: Subject,
    exp: i64,
    nbf: Option<i64>,
    name: Option<String>,
    email: Option<String>,
    vip: Option<bool>,
    language: Option<String>,
    skills: Option<Vec<String>>,
}

/// The merchant's id. Where ids are numbers, servers sign them as such.
#[derive(Deserialize)]
#[serde(untagged)]
enum Subject {
    Text(String),
    Number(u64),
}

impl Subject {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// Checks an identity against the secrets of a tenant's keys that were not revoked. What only describes the person,
/// such as a name that is too long, is left out or cut, because nobody would see why a customer became a stranger.
///
/// # Errors
/// The first flaw found.
pub fn verify(identity: &Identity, secrets: &[String], now_ms: i64) -> Result<Proven, Flaw> {
    match (&identity.token, &identity.id, &identity.hmac) {
        (Some(token), _, _) => verify_token(token, secrets, now_ms),
        (None, Some(id), Some(hmac)) => verify_hmac(identity, (id, hmac), secrets),
        _ => Err(Flaw::Shape),
    }
}

/// The id that an identity is about, whether it is valid or not.
pub fn claimed_id(identity: &Identity) -> Option<String> {
    #[derive(Deserialize)]
    struct About {
        sub: Subject,
    }
    match &identity.token {
        Some(token) if token.len() <= TOKEN_BYTES => {
            let about = jsonwebtoken::dangerous::insecure_decode_claims::<About>(token);
            about.ok().map(|about| about.sub.into_text())
        }
        Some(_) => None,
        None => identity.id.clone(),
    }
}

fn verify_token(token: &str, secrets: &[String], now_ms: i64) -> Result<Proven, Flaw> {
    if token.len() > TOKEN_BYTES {
        return Err(Flaw::Shape);
    }
    check_header(&jsonwebtoken::decode_header(token).map_err(|_| Flaw::Header)?)?;
    let claims = signed_claims(token, secrets)?;
    let now = now_ms.div_euclid(1000);
    let begun = claims.nbf.is_none_or(|nbf| nbf <= now + LEEWAY_S);
    if !begun || claims.exp <= now - LEEWAY_S || claims.exp > now + LIFE_S + LEEWAY_S {
        return Err(Flaw::Time);
    }
    Ok(Proven {
        external_id: external_id(&claims.sub.into_text())?,
        name: claims.name.as_deref().and_then(name),
        email: claims.email.as_deref().and_then(email),
        vip: claims.vip.unwrap_or_default(),
        language: claims.language.and_then(|tag| Locale::parse(&tag).ok()).map(Locale::into_string),
        skills: skills(&claims.skills.unwrap_or_default()),
    })
}

/// HS256 and nothing that would choose another algorithm or key.
fn check_header(found: &Header) -> Result<(), Flaw> {
    let plain = Header {
        typ: found.typ.clone().filter(|typ| typ.eq_ignore_ascii_case("JWT")),
        cty: found.cty.clone(),
        kid: found.kid.clone(),
        ..Header::new(Algorithm::HS256)
    };
    if *found == plain { Ok(()) } else { Err(Flaw::Header) }
}

fn signed_claims(token: &str, secrets: &[String]) -> Result<Claims, Flaw> {
    for secret in secrets.iter().filter(|secret| Way::of(secret) != Way::Hmac) {
        let key = DecodingKey::from_secret(secret.as_bytes());
        match jsonwebtoken::decode::<Claims>(token, &key, &signature_only()) {
            Ok(data) => return Ok(data.claims),
            Err(error) if *error.kind() == ErrorKind::InvalidSignature => {}
            Err(_) => return Err(Flaw::Claims),
        }
    }
    Err(Flaw::Signature)
}

fn verify_hmac(identity: &Identity, (id, hmac): (&str, &str), secrets: &[String]) -> Result<Proven, Flaw> {
    let given = from_hex(hmac).ok_or(Flaw::Shape)?;
    let external_id = external_id(id)?;
    // `verify_slice` takes the same time wherever the first difference is.
    let made = |secret: &String| {
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes());
        mac.is_ok_and(|mac| mac.chain_update(id).verify_slice(&given).is_ok())
    };
    if !secrets.iter().filter(|secret| Way::of(secret) != Way::Token).any(made) {
        return Err(Flaw::Signature);
    }
    Ok(Proven {
        external_id,
        name: identity.name.as_deref().and_then(name),
        email: identity.email.as_deref().and_then(email),
        vip: false,
        language: None,
        skills: Vec::new(),
    })
}

fn from_hex(text: &str) -> Option<[u8; HMAC_BYTES]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

fn external_id(text: &str) -> Result<String, Flaw> {
    let fits = (1..=EXTERNAL_ID_CHARS).contains(&text.chars().take(EXTERNAL_ID_CHARS + 1).count());
    let plain = !text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    if fits && plain && !text.trim().is_empty() { Ok(text.to_owned()) } else { Err(Flaw::Id) }
}

fn name(text: &str) -> Option<String> {
    let start: String = text.trim().chars().take(limits::NAME_CHARS).collect();
    Name::parse(text).or_else(|_| Name::parse(&start)).ok().map(Name::into_string)
}

fn email(text: &str) -> Option<String> {
    EmailAddress::parse(text).ok().map(EmailAddress::into_string)
}

fn skills(wanted: &[String]) -> Vec<String> {
    let mut skills: Vec<String> = Vec::new();
    for skill in wanted.iter().filter_map(|text| Skill::parse(text).ok()).map(Skill::into_string).take(SKILLS) {
        if !skills.contains(&skill) {
            skills.push(skill);
        }
    }
    skills
}

#[cfg(test)]
mod tests;
