//! Who may do what. There is one table, and nothing else in the product compares roles.

use protocol::state::Role;
use serde::Serialize;

/// Something that not everybody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Take conversations and write in them, write notes, upload files.
    Answer,
    /// See every conversation of the tenant in the lists and read along.
    SeeAllConversations,
    /// Read transcripts of conversations one held.
    ReadOwnTranscripts,
    /// Take a conversation from a colleague, write in it, transfer or close it.
    TakeOver,
    /// Read and export every transcript.
    ReadTranscripts,
    /// See reports and why routing decided as it did.
    ViewReports,
    /// Create and change sites.
    ManageSites,
    /// Invite, change and disable agents, supervisors and admins.
    ManagePeople,
    /// Change departments, capacity, deadlines and other settings of queue and routing.
    ManageRouting,
    /// Create and revoke the keys that say who a visitor is.
    ManageIdentityKeys,
    /// Read the audit log.
    ViewAudit,
    /// Invite, change and disable owners.
    ManageOwners,
    /// Change the tenant itself: name, retention, export, erasure.
    ManageTenant,
}

/// The table: each permission with the least role that has it. Every role above has it too.
pub const TABLE: &[(Permission, Role)] = &[
    (Permission::Answer, Role::Agent),
    (Permission::SeeAllConversations, Role::Agent),
    (Permission::ReadOwnTranscripts, Role::Agent),
    (Permission::TakeOver, Role::Supervisor),
    (Permission::ReadTranscripts, Role::Supervisor),
    (Permission::ViewReports, Role::Supervisor),
    (Permission::ManageSites, Role::Admin),
    (Permission::ManagePeople, Role::Admin),
    (Permission::ManageRouting, Role::Admin),
    (Permission::ManageIdentityKeys, Role::Admin),
    (Permission::ViewAudit, Role::Admin),
    (Permission::ManageOwners, Role::Owner),
    (Permission::ManageTenant, Role::Owner),
];

/// Whether `role` has `permission`. A permission that is missing in the table is nobody's.
pub fn allows(role: Role, permission: Permission) -> bool {
    TABLE.iter().any(|(listed, least)| *listed == permission && role <= *least)
}

/// Whether somebody with the role `by` may invite, change or disable somebody with the role `target`, or give
/// the role `target`.
pub fn may_manage(by: Role, target: Role) -> bool {
    match target {
        Role::Owner => allows(by, Permission::ManageOwners),
        Role::Admin | Role::Supervisor | Role::Agent => allows(by, Permission::ManagePeople),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole table as people read it. A change of rights must change this text.
    const PRINTED: &str = "\
permission              owner  admin  supervisor  agent
answer                    yes    yes         yes    yes
see_all_conversations     yes    yes         yes    yes
read_own_transcripts      yes    yes         yes    yes
take_over                 yes    yes         yes      -
read_transcripts          yes    yes         yes      -
view_reports              yes    yes         yes      -
manage_sites              yes    yes           -      -
manage_people             yes    yes           -      -
manage_routing            yes    yes           -      -
manage_identity_keys      yes    yes           -      -
view_audit                yes    yes           -      -
manage_owners             yes      -           -      -
manage_tenant             yes      -           -      -
";

    fn printed() -> String {
        let mut out = format!("{:22}", "permission");
        for role in Role::ALL {
            out += &format!("  {role}");
        }
        out += "\n";
        for (permission, _) in TABLE {
            let name = serde_json::to_value(permission).unwrap();
            out += &format!("{:22}", name.as_str().unwrap());
            for role in Role::ALL {
                let width = role.as_str().len() + 2;
                let mark = if allows(*role, *permission) { "yes" } else { "-" };
                out += &format!("{mark:>width$}");
            }
            out += "\n";
        }
        out
    }

    #[test]
    fn the_table_is_the_printed_one() {
        assert_eq!(printed(), PRINTED);
    }

    #[test]
    fn only_owners_manage_owners() {
        for role in Role::ALL {
            assert_eq!(may_manage(*role, Role::Owner), *role == Role::Owner);
            assert_eq!(may_manage(*role, Role::Agent), *role <= Role::Admin);
        }
    }
}
