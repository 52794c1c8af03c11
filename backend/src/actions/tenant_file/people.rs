//! People of a file and people who are here (decision 17). A file never changes a login that is here: it only adds
//! memberships, and those only for somebody who is certainly the same person.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ids::AccountId;
use uuid::Uuid;

use super::FileError;
use crate::actions::create_account;
use crate::error::AppResult;
use crate::store::copy::tables::Table;
use crate::store::copy::{Row, Value};
use crate::store::{Conn, account};

/// What becomes of the people of a file.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Logins to be made: without password, not operators.
    pub(super) new: Vec<Row>,
    /// The login here of each login in the file.
    pub(super) here: BTreeMap<Uuid, Uuid>,
    /// Addresses of those who had a login here.
    pub(super) linked: Vec<String>,
}

impl People {
    /// Decides about everybody. `same` are the addresses that the operator says belong to the same people.
    ///
    /// # Errors
    /// [`FileError::PeopleKnown`] with everybody about whom the operator has to decide.
    pub(super) async fn find(
        conn: &mut Conn,
        table: &Table,
        rows: Vec<Row>,
        same: &BTreeSet<String>,
    ) -> AppResult<Result<Self, FileError>> {
        let (mut people, mut doubtful) = (Self::default(), Vec::new());
        for row in rows {
            let (Some(id), Some(email)) = (row.id(table, "id"), row.text(table, "email").map(str::to_owned)) else {
                return Ok(Err(FileError::Rows("a login without id or address".to_owned())));
            };
            if create_account::email(&email).ok().as_ref() != Some(&email) {
                return Ok(Err(FileError::Rows(format!("{email:?} is no address"))));
            }
            let by_id = account::find(conn, AccountId(id)).await?;
            let by_email = account::find_by_email(conn, &email).await?;
            match (by_id, by_email) {
                (None, None) => {
                    people.here.insert(id, id);
                    people.new.push(row);
                }
                // The login came from there, or went there: ids are random, and nobody chooses one.
                (Some(known), _) if known.email == email => {
                    people.here.insert(id, id);
                    people.linked.push(email);
                }
                (Some(_), _) => return Ok(Err(FileError::AddressDiffers(email))),
                (None, Some(known)) if same.contains(&email) => {
                    people.here.insert(id, known.id.0);
                    people.linked.push(email);
                }
                (None, Some(_)) => doubtful.push(email),
            }
        }
        doubtful.sort();
        Ok(if doubtful.is_empty() { Ok(people) } else { Err(FileError::PeopleKnown(doubtful)) })
    }

    /// Lets a row point to the logins here. Somebody of the other installation, such as an operator in a record, is
    /// nobody here; the name stands beside it.
    pub(super) fn translate(&self, table: &Table, row: &mut Row) {
        if let Some(id) = row.id(table, "account_id") {
            row.set(table, "account_id", Value::Id(self.here.get(&id).copied()));
        }
    }
}
