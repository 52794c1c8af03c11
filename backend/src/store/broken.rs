//! Whether the database failed, or refused what was asked of it.

use crate::error::AppError;

/// Primary result codes of SQLite that speak of the database, not of a statement: busy, locked, no memory,
/// read-only, I/O error, corrupt, full, cannot open, not a database (sqlite.org/rescode.html).
const SQLITE_BROKEN: [u32; 9] = [5, 6, 7, 8, 10, 11, 13, 14, 26];
/// The same for PostgreSQL, by class: connection, transaction state, resources, operator, system, internal.
const POSTGRES_BROKEN: [&str; 6] = ["08", "25", "53", "57", "58", "XX"];

/// Whether the database failed, rather than refused what was asked of it.
pub(super) fn is_broken(error: &AppError) -> bool {
    match error {
        AppError::Storage(sqlx::Error::Database(error)) => {
            let code = error.code().unwrap_or_default();
            match code.parse::<u32>() {
                Ok(number) if code.len() < 5 => SQLITE_BROKEN.contains(&(number & 0xff)),
                _ => POSTGRES_BROKEN.iter().any(|class| code.starts_with(class)),
            }
        }
        AppError::Storage(sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed) => true,
        _ => false,
    }
}
