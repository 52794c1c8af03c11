//! A second factor for signing in: taking one into use, giving it up, its recovery codes (rule A4). Each
//! change needs the password again: a browser somebody left open is not enough.

use protocol::error::ErrorCode;
use protocol::ids::AccountId;
use serde_json::json;

use super::actor::{Actor, Right};
use super::sign_in::restart_connections;
use crate::app::App;
use crate::auth::browser::Signed;
use crate::auth::limiter::Rule;
use crate::auth::{secret, totp};
use crate::error::{AppError, AppResult, Refusal};
use crate::store::second_factor::{self, Factor};
use crate::store::{EveryTenant, account, account_session, audit};

/// Recovery codes given out at a time.
const CODES: usize = 10;

/// Where a login stands.
pub enum Standing {
    /// A password is enough.
    Off,
    /// A secret was made and waits for its first code.
    Offered {
        /// The shared secret.
        secret: Vec<u8>,
    },
    /// A code is asked for.
    On {
        /// Since when.
        since: i64,
        /// Recovery codes that were not used.
        codes_left: i64,
    },
}

/// Where whoever is signed in stands.
///
/// # Errors
/// When the database fails, or the secret does not open with the keys there are.
pub async fn standing(app: &App, account: AccountId) -> AppResult<Standing> {
    let mut conn = app.store.read(EveryTenant).await?;
    let Some(factor) = second_factor::find(&mut conn, account).await? else { return Ok(Standing::Off) };
    Ok(match factor.confirmed_at {
        Some(since) => Standing::On { since, codes_left: second_factor::codes_left(&mut conn, account).await? },
        None => Standing::Offered { secret: open(app, &factor)? },
    })
}

/// Offers a secret, which waits for its first code.
///
/// # Errors
/// `rate_limited`; `unauthenticated` on `password`; `conflict` when a factor is in use.
pub async fn begin(app: &App, signed: &Signed, password: String) -> AppResult<()> {
    prove(app, signed, password).await?;
    let (id, now) = (signed.account.id, app.now());
    let sealed = app.keys.seal(&totp::new_secret(), &context(id))?;
    let job = app
        .store
        .write(EveryTenant, move |tx| Box::pin(async move { second_factor::offer(tx, id, &sealed, now).await }));
    let offered = job.await?;
    if offered { Ok(()) } else { Err(Refusal::new(ErrorCode::Conflict, "a second factor is in use").into()) }
}

/// Takes the offered secret into use; every other browser is signed out. Gives the recovery codes, which are
/// shown once.
///
/// # Errors
/// `rate_limited`; `invalid` on `code`; `conflict` when nothing is offered.
pub async fn confirm(app: &App, signed: &Signed, code: &str) -> AppResult<Vec<String>> {
    let (id, now) = (signed.account.id, app.now());
    app.limiter.take_everywhere(Rule::SecondFactor, &id.to_string(), app.clock.monotonic()).await?;
    let Standing::Offered { secret } = standing(app, id).await? else {
        return Err(Refusal::new(ErrorCode::Conflict, "nothing is offered").into());
    };
    let step = totp::step_of(&secret, &digits(code), now).ok_or_else(wrong_code)?;
    let (codes, hashes) = new_codes();
    let (keep, record) = (signed.token_hash.clone(), (actor(signed), "account.second_factor_on"));
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                if !second_factor::confirm(tx, id, step, now).await? {
                    return Err(Refusal::new(ErrorCode::Conflict, "nothing is offered").into());
                }
                second_factor::replace_codes(tx, id, &hashes).await?;
                account_session::remove_others(tx, id, Some(&keep)).await?;
                audit::add(tx, &record.0.record_with(None, record.1, (id.0, json!({})), now)).await
            })
        })
        .await?;
    restart_connections(app, id).await?;
    Ok(codes)
}

/// Gives up the second factor; every other browser is signed out.
///
/// # Errors
/// `rate_limited`; `unauthenticated` on `password`; `forbidden` for an operator where it is required.
pub async fn disable(app: &App, signed: &Signed, password: String) -> AppResult<()> {
    prove(app, signed, password).await?;
    if app.config.operator_second_factor && signed.account.is_operator {
        return Err(Refusal::new(ErrorCode::Forbidden, "operators need a second factor here").into());
    }
    remove(app, &actor(signed), signed.account.id, Some(signed.token_hash.clone())).await
}

/// Takes somebody's second factor off, for the command line: a lost device without recovery codes. Every browser is
/// signed out: whoever has the device may be signed in on it.
///
/// # Errors
/// When the database fails.
pub async fn reset(app: &App, actor: &Actor, account: AccountId) -> AppResult<()> {
    remove(app, actor, account, None).await
}

async fn remove(app: &App, actor: &Actor, account: AccountId, keep: Option<Vec<u8>>) -> AppResult<()> {
    let (actor, now) = (actor.clone(), app.now());
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                second_factor::remove(tx, account).await?;
                account_session::remove_others(tx, account, keep.as_deref()).await?;
                if keep.is_none() {
                    // Other processes close what is open: see `jobs/suspensions.rs`.
                    account::sign_out(tx, account, now).await?;
                }
                let record = actor.record_with(None, "account.second_factor_off", (account.0, json!({})), now);
                audit::add(tx, &record).await
            })
        })
        .await?;
    restart_connections(app, account).await
}

/// New recovery codes in the place of the old.
///
/// # Errors
/// `rate_limited`; `unauthenticated` on `password`; `conflict` when no factor is in use.
pub async fn renew_codes(app: &App, signed: &Signed, password: String) -> AppResult<Vec<String>> {
    prove(app, signed, password).await?;
    let (id, now) = (signed.account.id, app.now());
    if !matches!(standing(app, id).await?, Standing::On { .. }) {
        return Err(Refusal::new(ErrorCode::Conflict, "no second factor is in use").into());
    }
    let (codes, hashes) = new_codes();
    let record = actor(signed).record_with(None, "account.recovery_codes_renewed", (id.0, json!({})), now);
    app.store
        .write(EveryTenant, move |tx| {
            Box::pin(async move {
                second_factor::replace_codes(tx, id, &hashes).await?;
                audit::add(tx, &record).await
            })
        })
        .await?;
    Ok(codes)
}

/// Whether an operator has what the installation asks of operators.
///
/// # Errors
/// When the database fails.
pub async fn operator_may_enter(app: &App, account: AccountId) -> AppResult<bool> {
    Ok(!app.config.operator_second_factor || in_use(app, account).await?.is_some())
}

/// The factor of a login when it is in use.
pub(super) async fn in_use(app: &App, account: AccountId) -> AppResult<Option<Factor>> {
    let factor = second_factor::find(&mut app.store.read(EveryTenant).await?, account).await?;
    Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
}

/// What a person typed as the second factor.
pub(super) enum Typed {
    /// The code of an app, by its time step.
    Step(i64),
    /// Perhaps a recovery code, by its hash.
    Code(Vec<u8>),
}

/// Reads what was typed; whether it was used before, the write says.
pub(super) fn read(app: &App, factor: &Factor, typed: &str) -> AppResult<Typed> {
    let code = digits(typed);
    if code.len() == 6 {
        let step = totp::step_of(&open(app, factor)?, &code, app.now()).ok_or_else(wrong_code)?;
        return Ok(Typed::Step(step));
    }
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    Ok(Typed::Code(secret::hash(&letters.to_ascii_lowercase())))
}

pub(super) fn wrong_code() -> AppError {
    Refusal::field("code", ErrorCode::Invalid, "this code is not good, or was used").into()
}

fn open(app: &App, factor: &Factor) -> AppResult<Vec<u8>> {
    app.keys.unseal(&factor.secret, &context(factor.account_id))
}

fn context(account: AccountId) -> String {
    format!("second factor of {account}")
}

/// The digits of what was typed, when there is nothing else but spaces.
fn digits(typed: &str) -> String {
    let code: String = typed.chars().filter(|letter| !letter.is_whitespace()).take(64).collect();
    if code.bytes().all(|letter| letter.is_ascii_digit()) { code } else { String::new() }
}

/// Codes as `ab3d-ef5h-jk7m`, and their hashes. 60 random bits each: with five tries at a time nobody guesses
/// one.
fn new_codes() -> (Vec<String>, Vec<Vec<u8>>) {
    // Without letters that look like others.
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let code = || {
        let bytes: [u8; 12] = rand::random();
        let letter = |byte: u8| LETTERS.get(usize::from(byte & 31)).map_or('a', |letter| char::from(*letter));
        let letters: String = bytes.into_iter().map(letter).collect();
        let hash = secret::hash(&letters);
        let groups: Vec<&str> = [0, 4, 8].iter().filter_map(|at| letters.get(*at..at + 4)).collect();
        (groups.join("-"), hash)
    };
    (0..CODES).map(|_| code()).unzip()
}

async fn prove(app: &App, signed: &Signed, password: String) -> AppResult<()> {
    let account = &signed.account;
    app.limiter.take_everywhere(Rule::SignInAccount, &account.email, app.clock.monotonic()).await?;
    if app.passwords.verify(password, account.password_hash.as_deref()).await? {
        return Ok(());
    }
    Err(Refusal::field("password", ErrorCode::Unauthenticated, "this is not your password").into())
}

fn actor(signed: &Signed) -> Actor {
    let account = &signed.account;
    Actor { right: Right::Machine, account: Some(account.id), name: account.name.clone(), ip: signed.ip.clone() }
}
