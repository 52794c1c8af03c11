//! Codes of an authenticator app: RFC 6238 as every app reads it, SHA-1, 6 digits, 30 s.

use totp_rs::{Builder, Secret, Totp};

/// Bytes of a secret (RFC 4226, section 4: 160 bits are recommended).
pub const SECRET_BYTES: usize = 20;

/// A new secret.
pub fn new_secret() -> [u8; SECRET_BYTES] {
    rand::random()
}

/// The time step of a code that is good at `now_ms`, one step early or late included.
pub fn step_of(secret: &[u8], code: &str, now_ms: i64) -> Option<i64> {
    let now = u64::try_from(now_ms.div_euclid(1000)).ok()?;
    totp(secret)?.check(code, now).and_then(|step| i64::try_from(step).ok())
}

/// The secret as people type it: base 32 in groups of four.
pub fn typed(secret: &[u8]) -> String {
    let letters = base32(secret).into_bytes();
    let groups = letters.chunks(4).map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(" ")
}

/// What the picture for the app says.
pub fn uri(secret: &[u8], account: &str, host: &str) -> String {
    let plain =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let (host, secret) = (plain(host), base32(secret));
    format!("otpauth://totp/{host}:{}?secret={secret}&issuer={host}", plain(account))
}

fn totp(secret: &[u8]) -> Option<Totp> {
    Builder::new().with_secret(secret.to_vec()).with_skew(1).build().ok()
}

fn base32(secret: &[u8]) -> String {
    Secret::from(secret.to_vec()).to_base32()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, cut to six digits.
        let secret = b"12345678901234567890";
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            let now = second * 1000;
            assert_eq!(step_of(secret, code, now), Some(second / 30));
            assert_eq!(step_of(secret, code, now + 30_000), Some(second / 30), "one step late");
            assert_eq!(step_of(secret, code, now + 90_000), None);
        }
        for wrong in ["", "28708", "2870822", "abcdef", "287083"] {
            assert_eq!(step_of(secret, wrong, 59_000), None, "{wrong}");
        }
    }

    #[test]
    fn the_secret_can_be_typed_and_scanned() {
        let secret = b"12345678901234567890";
        assert_eq!(typed(secret), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            uri(secret, "ann+1@shop.example", "chat.example"),
            "otpauth://totp/chat.example:ann%2B1%40shop.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=chat.example"
        );
    }
}
