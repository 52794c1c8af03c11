//! Checking an exported transcript without a server: what `frontdesk verify FILE` does.

use std::path::Path;

use anyhow::{Context, ensure};
use domain::transcript::{self, Transcript};
use protocol::ids::ConversationId;
use serde::Serialize;

/// Largest file read, in bytes (512 MiB).
const LARGEST: u64 = 512 * 1024 * 1024;

/// What a transcript that verifies says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The conversation.
    pub conversation: ConversationId,
    /// Name of the site. Not proven.
    pub site_name: String,
    /// When the file was made, Unix milliseconds. Not proven.
    pub exported_at: i64,
    /// Number of entries.
    pub entries: u64,
    /// Entries whose text was deleted.
    pub redacted: u64,
    /// Entries this file does not show.
    pub placeholders: u64,
    /// Hash of the last entry. Compare it with what the server shows: it proves that nothing was cut off.
    pub head: String,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "The transcript is complete and unchanged.")?;
        writeln!(f, "  conversation  {}", self.conversation)?;
        writeln!(f, "  entries       {}", self.entries)?;
        writeln!(f, "  redacted      {}", self.redacted)?;
        writeln!(f, "  not shown     {}", self.placeholders)?;
        write!(f, "  head          {}", self.head)
    }
}

/// Reads and verifies a file.
///
/// # Errors
/// When it cannot be read, is not a transcript, or was changed; the text says which entry.
pub fn verify_file(path: &Path) -> anyhow::Result<Report> {
    let name = path.display();
    let size = std::fs::metadata(path).with_context(|| format!("cannot read {name}"))?.len();
    ensure!(size <= LARGEST, "{name} is larger than {} MiB", LARGEST / 1024 / 1024);
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    verify_text(&text).with_context(|| format!("{name} does not verify"))
}

fn verify_text(text: &str) -> anyhow::Result<Report> {
    let transcript: Transcript = serde_json::from_str(text).context("not a transcript")?;
    let verified = transcript::verify(&transcript)?;
    Ok(Report {
        conversation: transcript.conversation,
        site_name: transcript.site_name,
        exported_at: transcript.exported_at,
        entries: verified.entries,
        redacted: verified.redacted,
        placeholders: verified.placeholders,
        head: transcript.head,
    })
}

#[cfg(test)]
mod tests {
    use super::verify_text;

    #[test]
    fn what_is_no_transcript_is_refused_with_a_reason() {
        for (text, reason) in [("", "not a transcript"), ("{}", "not a transcript"), ("[]", "not a transcript")] {
            let error = format!("{:#}", verify_text(text).unwrap_err());
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn an_empty_conversation_verifies_only_with_its_own_head() {
        let id = "00000000-0000-7000-8000-000000000001";
        let tenant = protocol::ids::TenantId::parse(id).unwrap();
        let conversation = protocol::ids::ConversationId::parse(id).unwrap();
        let head = domain::chain::to_hex(&domain::chain::genesis(tenant, conversation));
        let text = |head: &str| {
            format!(
                r#"{{"format":"frontdesk-transcript","version":1,"tenant":"{id}","conversation":"{id}","site":"{id}",
                "site_name":"Shop","visitor":"{id}","created_at":1,"exported_at":2,"last_seq":0,"head":"{head}",
                "entries":[]}}"#
            )
        };
        assert_eq!(verify_text(&text(&head)).unwrap().entries, 0);
        assert!(verify_text(&text(&"0".repeat(64))).is_err());
    }
}
