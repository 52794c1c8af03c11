//! Members: the list.

use askama::Template;
use domain::permission::{self, Permission};
use protocol::ids::AgentId;
use protocol::state::{Presence, Role};

use super::parts::{Pill, Time};
use super::reply::{Reply, page};
use super::scope::{Area, Member};
use super::ui::{Choice, Chrome, Ui};
use crate::actions::floor::Floor;
use crate::store::agent::{self, Agent};
use crate::store::{account, department, login_link};

#[derive(Template)]
#[template(path = "admin/people.html")]
struct ListPage {
    ui: Ui,
    chrome: Chrome,
    people: Vec<PersonView>,
    invitations: Vec<InvitationView>,
    may_manage: bool,
}

struct PersonView {
    id: AgentId,
    name: String,
    email: String,
    role: &'static str,
    presence: Pill,
    load: u32,
    capacity: u32,
    departments: Vec<String>,
    is_me: bool,
}

struct InvitationView {
    email: String,
    role: &'static str,
    /// The role as forms name it.
    role_word: &'static str,
    until: Time,
    /// Nobody can use it any more; it can be sent again.
    expired: bool,
    /// It may be sent again and withdrawn by whoever looks.
    may_manage: bool,
}

/// How long an invitation that expired is still listed, in milliseconds (14 days).
const LISTED_MS: i64 = 14 * 24 * 60 * 60 * 1000;

/// `GET /admin/people`
pub(super) async fn list(member: Member) -> Reply {
    member.require(Permission::ViewReports)?;
    let (ui, tenant) = (member.ui, member.who.tenant);
    let mut conn = member.app.store.read(tenant).await?;
    let floor = Floor::read(&member.app, &mut conn, tenant).await?;
    let departments = department::list(&mut conn, tenant).await?;
    let members = department::members(&mut conn, tenant).await?;
    let mut people = Vec::new();
    for row in agent::list(&mut conn, tenant).await? {
        let email = account::find(&mut conn, row.account_id).await?.map(|account| account.email);
        let now = floor.agent(row.id);
        people.push(PersonView {
            id: row.id,
            presence: presence(&ui, &row, now.map(|now| now.presence)),
            load: now.map_or(0, |now| now.counted),
            capacity: row.capacity(floor.policy.capacity),
            departments: departments
                .iter()
                .filter(|it| members.iter().any(|own| own.agent_id == row.id && own.department_id == it.id))
                .map(|it| it.name.clone())
                .collect(),
            role: ui.word("role", row.role),
            is_me: row.id == member.who.agent,
            email: email.unwrap_or_default(),
            name: row.name,
        });
    }
    let at = member.app.now();
    let open = login_link::open_invitations(&mut conn, tenant, at - LISTED_MS).await?;
    drop(conn);
    let invitations = open
        .into_iter()
        .filter_map(|link| {
            let role = link.role?;
            Some(InvitationView {
                email: link.email?,
                role: ui.word("role", role),
                role_word: role.as_str(),
                until: Time(link.expires_at),
                expired: link.expires_at <= at,
                may_manage: permission::may_manage(member.who.role, role),
            })
        })
        .collect();
    let may_manage = member.may(Permission::ManagePeople);
    page(&ListPage { ui, chrome: member.chrome(Area::People).await?, people, invitations, may_manage })
}

fn presence(ui: &Ui, agent: &Agent, presence: Option<Presence>) -> Pill {
    if agent.disabled_at.is_some() {
        return Pill { tone: "bad", text: ui.t("people.disabled") };
    }
    let presence = presence.unwrap_or(Presence::Offline);
    let tone = match presence {
        Presence::Online => "good",
        Presence::Away => "warn",
        _ => "",
    };
    match agent.away_reason.filter(|_| presence == Presence::Away) {
        Some(reason) => Pill { tone, text: ui.word("presence.away", reason) },
        None => Pill { tone, text: ui.word("presence", presence) },
    }
}

/// The roles somebody may give, as choices.
pub(super) fn roles(ui: &Ui, by: Role, present: &str) -> Vec<Choice> {
    let given = Role::ALL.iter().filter(|role| permission::may_manage(by, **role));
    given.map(|role| Choice::new(role.as_str(), ui.word("role_long", role), present)).collect()
}
