use std::collections::HashMap;

use domain::queue::{Place, ordered, positions};
use domain::routing::{Absence, Rejection, Waiting};
use protocol::ids::{ConversationId, DepartmentId};

use super::DepartmentNow;
use super::department::present;
use crate::store::conversation::Conversation;
use crate::store::standing::Standing;

/// Who declined, missed or gave back what waits now.
pub type Rejections = HashMap<ConversationId, Vec<Rejection>>;

/// Where everything stands that waits or is offered.
#[derive(Default)]
pub struct Places {
    positions: HashMap<ConversationId, u32>,
}

impl Places {
    /// Puts `queue` in the order in which it is served, and counts.
    pub(in crate::actions) fn new(queue: &mut [Conversation], departments: &[DepartmentNow], ageing_ms: i64) -> Self {
        let rows: Vec<Standing> = queue.iter().map(Conversation::standing).collect();
        let places = places(&rows, departments);
        let order = ordered(&places, ageing_ms).into_iter().enumerate();
        let order: HashMap<ConversationId, usize> = order.map(|(at, place)| (place.conversation, at)).collect();
        queue.sort_by_key(|row| order.get(&row.id).copied());
        Self { positions: positions(&places, ageing_ms) }
    }

    /// Counts.
    pub(super) fn of(queue: &[Standing], departments: &[DepartmentNow], ageing_ms: i64) -> Self {
        Self { positions: positions(&places(queue, departments), ageing_ms) }
    }

    /// Place in the queue of its department, 1 is next.
    pub fn position(&self, conversation: ConversationId) -> Option<u32> {
        self.positions.get(&conversation).copied()
    }
}

fn places(queue: &[Standing], departments: &[DepartmentNow]) -> Vec<Place> {
    let in_department = |id| present(departments, id).map_or(id, |found| found.row.id);
    queue.iter().map(|row| place(row, in_department(row.department_id))).collect()
}

fn place(row: &Standing, department: DepartmentId) -> Place {
    Place {
        conversation: row.id,
        department,
        at_head: row.at_head,
        priority: u8::try_from(row.priority).unwrap_or(0),
        queued_at: row.queued_at.unwrap_or(row.created_at),
    }
}

/// A conversation of the queue as routing sees it. `here`: the visitor is connected.
pub(super) fn waiting(row: &Conversation, department: DepartmentId, here: bool, rejections: &Rejections) -> Waiting {
    let place = place(&row.standing(), department);
    Waiting {
        conversation: row.id,
        department,
        priority: place.priority,
        at_head: row.at_head,
        queued_at: place.queued_at,
        waiting_since: row.waiting_since.unwrap_or(row.created_at),
        previous_agent: row.last_agent,
        rejections: rejections.get(&row.id).cloned().unwrap_or_default(),
        language: row.language.clone(),
        skills: row.wanted_skills(),
        absent: match (row.kept_at, row.call_deadline_at) {
            (Some(_), Some(_)) if !here => Absence::Called,
            (Some(_), None) if !here => Absence::Kept,
            _ => Absence::Here,
        },
    }
}
