//! E-mail addresses.

use protocol::limits;

use super::{TextError, text_type};

text_type! {
    /// An e-mail address: the dot-atom form of RFC 5321 in ASCII, at most [`limits::EMAIL_BYTES`] bytes, with
    /// a domain of two labels or more (in `xn--` form where it is not ASCII). Quoted local parts and address
    /// literals are refused: nobody's shop customer has one, and header injection lives there.
    EmailAddress
}

impl EmailAddress {
    /// Parses an address; the domain becomes lower case.
    ///
    /// # Errors
    /// Empty, longer than [`limits::EMAIL_BYTES`] bytes, or not an address.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > limits::EMAIL_BYTES {
            return Err(TextError::too_long(limits::EMAIL_BYTES));
        }
        let (local, domain) = text.rsplit_once('@').ok_or(TextError::Format)?;
        if !is_local(local) || !is_domain(domain) {
            return Err(TextError::Format);
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

fn is_local(local: &str) -> bool {
    let atom = |part: &str| !part.is_empty() && part.bytes().all(is_atom_byte);
    local.len() <= 64 && local.split('.').all(atom)
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_domain(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(super::web::is_label) && !last.bytes().all(|b| b.is_ascii_digit())
}
