//! Mail: whether the server takes us.

use super::Finding;
use crate::config::Config;
use crate::mail::smtp::Mailer;

/// Connects, encrypts and signs in as a mail would, and sends none.
pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let Some(url) = &config.smtp_url else { return vec![Finding::warning("mail", "mail.none")] };
    let server = url.host_str().unwrap_or_default();
    let tried = match Mailer::new(config) {
        Ok(Some(mailer)) => mailer.greet().await.map_err(|error| error.text),
        Ok(None) => Ok(()),
        Err(error) => Err(format!("{error:#}")),
    };
    vec![match tried {
        Ok(()) => Finding::ok("mail", "mail.ok").with("server", server),
        Err(error) => Finding::failed("mail", "mail.failed").with("server", server).with("error", error),
    }]
}
