//! Passwords: Argon2id in a bounded pool, so that a flood of sign-ins cannot take the processors from the
//! chat (rule A1).

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use protocol::error::ErrorCode;
use tokio::sync::Semaphore;

use crate::error::{AppError, AppResult, Refusal};

/// Least characters.
pub const LEAST_CHARS: usize = 8;
/// Most characters.
pub const MOST_CHARS: usize = 128;

/// KiB of memory.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes computed at the same time.
const AT_ONCE: usize = 2;
/// How long a sign-in waits for its turn.
const WAIT: Duration = Duration::from_secs(10);

/// Passwords that are tried first by everybody who guesses, lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// The pool that computes hashes.
pub struct Passwords {
    turns: Arc<Semaphore>,
    /// A hash nobody knows a password for: an unknown account takes as long as a known one (rule A2).
    decoy: String,
}

impl Default for Passwords {
    fn default() -> Self {
        let salt: [u8; 16] = rand::random();
        let output: [u8; 32] = rand::random();
        let decoy = format!(
            "$argon2id$v=19$m={MEMORY},t={PASSES},p={LANES}${}${}",
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(output)
        );
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), decoy }
    }
}

impl Passwords {
    /// Hashes a password that [`check`] let through.
    ///
    /// # Errors
    /// `unavailable` when too many wait.
    pub async fn hash(&self, password: String) -> AppResult<String> {
        self.run(move || {
            let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| anyhow!("hashing: {error}"))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is the one that was hashed. Without a hash it takes as long and says no.
    ///
    /// # Errors
    /// `unavailable` when too many wait.
    pub async fn verify(&self, password: String, hash: Option<&str>) -> AppResult<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or(&self.decoy).to_owned();
        // Longer ones cannot be right, and hashing them would be work for nothing.
        let password = if password.chars().count() > MOST_CHARS { String::new() } else { password };
        let same = self
            .run(move || {
                let hash = PasswordHash::new(&hash).map_err(|error| anyhow!("a stored hash is unreadable: {error}"))?;
                Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
            })
            .await?;
        Ok(same && known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> AppResult<T> {
        let turn = tokio::time::timeout(WAIT, Arc::clone(&self.turns).acquire_owned());
        let busy = || Refusal { retry_after_ms: Some(5_000), ..Refusal::new(ErrorCode::Unavailable, "busy") };
        let turn = turn.await.map_err(|_| busy())?.map_err(|_| busy())?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        Ok(done.await.map_err(|error| AppError::Internal(error.into()))??)
    }
}

/// Whether a new password may be used: 8 to 128 characters, not one everybody tries, not the person's own
/// address or name. No rule about kinds of characters.
///
/// # Errors
/// `invalid` on field `password`, with the limit it broke.
pub fn check(password: &str, email: &str, name: &str) -> Result<(), Refusal> {
    let refused = |message: &str, limit: Option<usize>| {
        let limit = limit.and_then(|limit| u64::try_from(limit).ok());
        Err(Refusal { limit, ..Refusal::field("password", ErrorCode::Invalid, message) })
    };
    let chars = password.chars().count();
    if chars < LEAST_CHARS {
        return refused("must have at least 8 characters", Some(LEAST_CHARS));
    }
    if chars > MOST_CHARS {
        return refused("must have at most 128 characters", Some(MOST_CHARS));
    }
    let lower = password.to_lowercase();
    let own = [email, email.split('@').next().unwrap_or_default(), name];
    if own.iter().any(|own| own.to_lowercase() == lower) || is_common(&lower) {
        return refused("is too easy to guess", None);
    }
    Ok(())
}

/// On the list, on the list with a few digits or signs around it, one character repeated, or a run.
fn is_common(lower: &str) -> bool {
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let listed = |text: &str| !text.is_empty() && COMMON.lines().any(|line| line == text);
    let bytes = lower.as_bytes();
    let steps: Vec<i16> = bytes.windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
    let run = steps.iter().all(|step| *step == 0)
        || steps.iter().all(|step| *step == 1)
        || steps.iter().all(|step| *step == -1);
    listed(lower) || listed(core) || run
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|error| anyhow!("Argon2 parameters: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_verifies() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horsf".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
        assert!(!passwords.verify("x".repeat(1000), Some(&hash)).await.unwrap());
    }

    #[test]
    fn the_decoy_is_a_hash_like_any_other() {
        let passwords = Passwords::default();
        let decoy = PasswordHash::new(&passwords.decoy).unwrap();
        assert_eq!(decoy.algorithm.as_str(), "argon2id");
        assert!(argon2().unwrap().verify_password(b"", &decoy).is_err());
    }

    #[test]
    fn easy_and_misshapen_passwords_are_refused() {
        let refused = |password: &str| check(password, "mei@shop.example", "Mei Lin Tan").unwrap_err();
        assert_eq!(refused("short").limit, Some(8));
        assert_eq!(refused(&"a1".repeat(65)).limit, Some(128));
        for easy in [
            "password",
            "PASSWORD1",
            "12345678",
            "87654321",
            "aaaaaaaa",
            "abcdefgh",
            "qwertyuiop",
            "Letmein!!",
            "mei@shop.example",
            "mei lin tan",
            "password123!",
            "frontdesk2024",
        ] {
            assert_eq!(refused(easy).field, Some("password"), "{easy}");
        }
        for good in ["tulip window 9", "ünïcödé ok", "密码密码很长的一句话", "a-b-c-d-e-f"] {
            assert!(check(good, "mei@shop.example", "Mei").is_ok(), "{good}");
        }
    }
}
