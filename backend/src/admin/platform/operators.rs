//! Operators.

use askama::Template;

use crate::admin::parts::{Pill, Time};
use crate::admin::reply::{Reply, page};
use crate::admin::scope::Operator;
use crate::admin::ui::{Chrome, Ui};
use crate::store::EveryTenant;
use crate::store::account;

#[derive(Template)]
#[template(path = "platform/operators.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    operators: Vec<OperatorView>,
}

struct OperatorView {
    name: String,
    email: String,
    state: Pill,
    created: Time,
    is_me: bool,
}

/// `GET /platform/operators`
pub(super) async fn list(operator: Operator) -> Reply {
    let ui = operator.ui;
    let mut conn = operator.app.store.read(EveryTenant).await?;
    let accounts = account::list(&mut conn).await?;
    drop(conn);
    let operators = accounts
        .into_iter()
        .filter(|account| account.is_operator)
        .map(|account| OperatorView {
            is_me: account.id == operator.signed.account.id,
            name: account.name,
            email: account.email,
            state: match account.disabled_at {
                None => Pill { tone: "good", text: ui.t("operators.active") },
                Some(_) => Pill { tone: "bad", text: ui.t("people.disabled") },
            },
            created: Time(account.created_at),
        })
        .collect();
    page(&ListPage { ui, chrome: operator.chrome("/platform/operators"), operators })
}
