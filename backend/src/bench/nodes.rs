//! The nodes of one installation, and who connects to which. People come in by one address that all nodes share, so the
//! origin is the same whichever is dialled.

use std::rc::Rc;

use anyhow::bail;
use url::Url;

use super::dial::Dialer;

/// The nodes; at least one.
pub(super) struct Nodes {
    dialers: Vec<Rc<Dialer>>,
}

impl Nodes {
    /// The nodes at these addresses, whose public address has `origin` (the first one's when that is not said), with room
    /// for so many connections at a time in all.
    ///
    /// # Errors
    /// When there is no address, one of them or the origin is none, or this process may not have so many connections.
    pub(super) async fn new(
        urls: &[String],
        origin: Option<&str>,
        sources: Option<u8>,
        connections: u32,
    ) -> anyhow::Result<Self> {
        let mut origin = origin.map(parsed).transpose()?;
        let mut dialers = Vec::new();
        for url in urls {
            // Ports of a source address that is chosen are shared by all nodes, so each dialer counts all connections.
            let dialer = Dialer::new(url, origin.as_deref(), sources, connections).await?;
            origin.get_or_insert_with(|| dialer.origin.clone());
            dialers.push(Rc::new(dialer));
        }
        if dialers.is_empty() { bail!("--url: no address") } else { Ok(Self { dialers }) }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.dialers.len()
    }

    /// Where this visitor connects.
    pub(super) fn of_visitor(&self, number: usize) -> &Rc<Dialer> {
        &self.dialers[number % self.dialers.len()]
    }

    /// Where this agent connects: one further than the visitor of the same number, so that most conversations cross nodes.
    pub(super) fn of_agent(&self, number: usize) -> &Rc<Dialer> {
        self.of_visitor(number + 1)
    }

    /// Whether this visitor and this agent are on different nodes.
    pub(super) fn are_apart(&self, visitor: usize, agent: usize) -> bool {
        !Rc::ptr_eq(self.of_visitor(visitor), self.of_agent(agent))
    }
}

/// The origin of the address people use.
fn parsed(url: &str) -> anyhow::Result<String> {
    let parsed = Url::parse(url).ok().filter(|it| {
        matches!(it.scheme(), "http" | "https") && it.has_host() && it.path() == "/" && it.query().is_none()
    });
    match parsed {
        Some(parsed) => Ok(parsed.origin().ascii_serialization()),
        None => bail!(
            "--origin: `{url}` is not allowed; allowed: the FRONTDESK_PUBLIC_URL of the nodes, such as https://chat.example"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn visitors_and_agents_take_turns_one_apart() {
        let urls = ["http://127.0.0.1:1", "http://127.0.0.1:2"].map(str::to_owned);
        let two = Nodes::new(&urls, None, None, 1).await.unwrap();
        assert!(two.are_apart(0, 0) && two.are_apart(1, 1) && !two.are_apart(0, 1));
        assert!(Rc::ptr_eq(two.of_visitor(0), two.of_visitor(2)));
        for number in 0..3 {
            let dialer = two.of_visitor(number);
            assert_eq!((dialer.origin.as_str(), dialer.host.as_str()), ("http://127.0.0.1:1", "127.0.0.1:1"));
        }
        let one = Nodes::new(&urls[..1], Some("https://chat.example/"), None, 1).await.unwrap();
        assert!(!one.are_apart(0, 0));
        assert_eq!(
            (one.of_agent(0).origin.as_str(), one.of_agent(0).host.as_str()),
            ("https://chat.example", "chat.example")
        );
    }

    #[tokio::test]
    async fn what_is_no_origin_is_refused() {
        for wrong in ["", "chat.example", "ftp://chat.example", "http://chat.example/x", "http://chat.example/?a"] {
            let urls = ["http://127.0.0.1:1".to_owned()];
            let refused = Nodes::new(&urls, Some(wrong), None, 1).await.err().map(|error| error.to_string());
            assert!(refused.is_some_and(|said| said.contains("--origin")), "{wrong}");
        }
    }
}
