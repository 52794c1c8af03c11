//! The settings that decide about queue and routing, per tenant.

use serde::{Deserialize, Serialize};

/// Who of several free agents gets a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The one with the smallest share of their capacity in use.
    #[default]
    LeastLoaded,
    /// The one who has been without a new conversation and without work the longest.
    LongestIdle,
    /// The one whose last assignment is the oldest.
    RoundRobin,
    /// All free candidates are asked at once; the first to accept gets it.
    Broadcast,
    /// Nobody: agents take conversations from the list.
    Manual,
}

/// What a wish of the visitor means to routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Nothing.
    Ignore,
    /// Agents who fulfil it are asked before others.
    #[default]
    Prefer,
    /// Only agents who fulfil it are asked.
    Require,
}

/// Queue and routing settings. All times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Who gets a conversation.
    pub strategy: Strategy,
    /// Conversations an agent holds at once, unless the agent has an own number. 1 to 50; default 6.
    pub capacity: u32,
    /// How long an offer stands. 5 s to 10 min; default 30 s.
    pub offer_deadline_ms: i64,
    /// Missed offers in a row before an agent is set to away. 1 to 20; default 2.
    pub missed_offers_before_away: u32,
    /// How long the agent who declined or missed a conversation is not offered it again. 0 to 10 min; default
    /// 20 s. After that only if nobody else can take it.
    pub rejection_memory_ms: i64,
    /// Whether a returning visitor goes to the previous agent when that one is free. Default yes.
    pub sticky: bool,
    /// Waiting this long raises a conversation by one priority. 1 s to 24 h; default 5 min.
    pub ageing_ms: i64,
    /// No reply this long after an agent took a conversation sends it back to the queue. 10 s to 1 h; default
    /// 180 s.
    pub first_reply_ms: i64,
    /// Silence after which a conversation no longer counts against the capacity. 1 min to 24 h; default 10 min.
    pub inactive_after_ms: i64,
    /// How long after the visitor's last connection a conversation is closed. 1 min to 7 days; default 30 min.
    pub visitor_gone_ms: i64,
    /// No sign of a connected agent this long sets the agent to away, until the next sign. 5 s to 24 h; default
    /// 10 min.
    pub agent_idle_ms: i64,
    /// How long an agent may be without a connection before the agent's conversations go back to the head of
    /// the queue. 5 s to 10 min; default 45 s.
    pub agent_grace_ms: i64,
    /// Longest queue; the next visitor gets the offline form. 1 to 10,000; default 100.
    pub max_queue: u32,
    /// Longest wait before the visitor gets the offline form. 1 min to 24 h; default 20 min.
    pub max_wait_ms: i64,
    /// How long after its end a conversation reopens when the visitor writes. 0 to 30 days; default 24 h.
    pub reopen_window_ms: i64,
    /// Standing offers an agent has at one time. 1 to 10; default 1.
    pub offers_at_once: u32,
    /// What the visitor's language means. Default prefer.
    pub language: Match,
    /// What the skills wanted mean. Default require.
    pub skills: Match,
    /// Whether visitors may keep their place. Default yes.
    pub keep_place: bool,
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl Default for Policy {
    fn default() -> Self {
        Self {
            strategy: Strategy::LeastLoaded,
            capacity: 6,
            offer_deadline_ms: 30 * SECOND,
            missed_offers_before_away: 2,
            rejection_memory_ms: 20 * SECOND,
            sticky: true,
            ageing_ms: 5 * MINUTE,
            first_reply_ms: 180 * SECOND,
            inactive_after_ms: 10 * MINUTE,
            visitor_gone_ms: 30 * MINUTE,
            agent_idle_ms: 10 * MINUTE,
            agent_grace_ms: 45 * SECOND,
            max_queue: 100,
            max_wait_ms: 20 * MINUTE,
            reopen_window_ms: DAY,
            offers_at_once: 1,
            language: Match::Prefer,
            skills: Match::Require,
            keep_place: true,
        }
    }
}

/// A setting is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be between {min} and {max}")]
pub struct PolicyError {
    /// The setting.
    pub field: &'static str,
    /// Least value allowed.
    pub min: i64,
    /// Greatest value allowed.
    pub max: i64,
}

impl Policy {
    /// Checks every setting against its range.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.ranges()
            .into_iter()
            .find(|(_, value, min, max)| value < min || value > max)
            .map_or(Ok(()), |(field, _, min, max)| Err(PolicyError { field, min, max }))
    }

    fn ranges(&self) -> [(&'static str, i64, i64, i64); 13] {
        [
            ("capacity", self.capacity.into(), 1, 50),
            ("offer_deadline_ms", self.offer_deadline_ms, 5 * SECOND, 10 * MINUTE),
            ("missed_offers_before_away", self.missed_offers_before_away.into(), 1, 20),
            ("rejection_memory_ms", self.rejection_memory_ms, 0, 10 * MINUTE),
            ("ageing_ms", self.ageing_ms, SECOND, DAY),
            ("first_reply_ms", self.first_reply_ms, 10 * SECOND, HOUR),
            ("inactive_after_ms", self.inactive_after_ms, MINUTE, DAY),
            ("visitor_gone_ms", self.visitor_gone_ms, MINUTE, 7 * DAY),
            ("agent_idle_ms", self.agent_idle_ms, 5 * SECOND, DAY),
            ("agent_grace_ms", self.agent_grace_ms, 5 * SECOND, 10 * MINUTE),
            ("max_queue", self.max_queue.into(), 1, 10_000),
            ("max_wait_ms", self.max_wait_ms, MINUTE, DAY),
            ("reopen_window_ms", self.reopen_window_ms, 0, 30 * DAY),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges_and_fill_gaps() {
        assert_eq!(Policy::default().check(), Ok(()));
        let partial: Policy = serde_json::from_str(r#"{"capacity":3,"strategy":"manual"}"#).unwrap();
        let expected = Policy { capacity: 3, strategy: Strategy::Manual, ..Policy::default() };
        assert_eq!(partial, expected);
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let policy = Policy { capacity: 51, ..Policy::default() };
        let error = policy.check().unwrap_err();
        assert_eq!(error.to_string(), "capacity must be between 1 and 50");
        let policy = Policy { max_wait_ms: 0, ..Policy::default() };
        assert_eq!(policy.check().unwrap_err().field, "max_wait_ms");
    }
}
