//! Taking turns between servers: who has a tenant's turn may dispatch for it, the others wait.
//!
//! A turn is a lock of the database's that lives in a transaction. A server that dies gives it back at once, because
//! its connection ends; one that is frozen gives it back when the database ends the idle transaction
//! (`store/postgres.rs`).

use protocol::ids::TenantId;

use super::{Conn, Store, on, rows};
use crate::error::AppResult;

/// A tenant's turn. Dropping it gives it back a little later than [`Turn::end`].
pub struct Turn(Option<Conn>);

impl Store {
    /// Takes a tenant's turn; `None` while another server has it. One server alone always has it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn turn(&self, tenant: TenantId) -> AppResult<Option<Turn>> {
        // The last digits of an id are random.
        const SQL: &str = "select pg_try_advisory_xact_lock($1)";
        if self.is_own() {
            return Ok(Some(Turn(None)));
        }
        let mut conn = self.read(tenant).await?;
        let key = (tenant.0.as_u128() as u64).cast_signed();
        let (taken,): (bool,) = on!(&mut conn, c => sqlx::query_as(SQL).bind(key).fetch_one(c).await)?;
        Ok(taken.then_some(Turn(Some(conn))))
    }
}

impl Turn {
    /// Gives it back, so that the next taker finds it free.
    ///
    /// # Errors
    /// When the database does not answer; it is free then too.
    pub async fn end(self) -> AppResult<()> {
        // What goes back to the pool is a transaction that has begun.
        const SQL: &str = "rollback; begin read only";
        if let Some(mut conn) = self.0 {
            on!(&mut conn, c => sqlx::raw_sql(SQL).execute(c).await.map(rows))?;
        }
        Ok(())
    }
}
