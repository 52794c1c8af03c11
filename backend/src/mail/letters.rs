//! The letters Frontdesk writes, in the reader's language, as text and as HTML. What people wrote is escaped by
//! the template and never made into links (rule C-8); it appears in the body, never in a header field.

use askama::Template;

use super::Letter;
use crate::error::AppResult;
use crate::i18n::Texts;

/// A message somebody left, for the tenant's people.
#[derive(Debug, Clone, Copy)]
pub struct LeftMessage<'a> {
    /// Name the visitor gave.
    pub name: &'a str,
    /// Address the visitor gave.
    pub email: &'a str,
    /// The message.
    pub text: &'a str,
    /// Page the visitor was on.
    pub page: Option<&'a str>,
    /// Name of the site.
    pub site: &'a str,
    /// Where it can be answered.
    pub link: &'a str,
}

/// An answer to an offline message, for the visitor.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Who answers.
    pub agent: &'a str,
    /// Name of the site.
    pub site: &'a str,
    /// The answer.
    pub text: &'a str,
    /// Where the conversation can go on.
    pub link: Option<&'a str>,
}

/// The call of a visitor who keeps the place in the queue.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    /// Name of the site.
    pub site: &'a str,
    /// How long the place is held, in minutes.
    pub minutes: i64,
    /// The way back.
    pub link: &'a str,
}

/// An invitation or a new password.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> {
    /// Name of the tenant.
    pub tenant: &'a str,
    /// Who sent it.
    pub by: &'a str,
    /// The one-time link.
    pub link: &'a str,
}

/// The letter about an offline message.
///
/// # Errors
/// When a template fails.
pub fn left_message(texts: &Texts, about: LeftMessage) -> AppResult<Letter> {
    let mut facts = vec![
        (texts.get("mail.left.name"), about.name),
        (texts.get("mail.left.email"), about.email),
        (texts.get("mail.left.site"), about.site),
    ];
    if let Some(page) = about.page {
        facts.push((texts.get("mail.left.page"), page));
    }
    Parts {
        locale: texts.locale(),
        subject: texts.fill("mail.left.subject", &[("site", about.site)]),
        heading: texts.fill("mail.left.heading", &[("name", about.name)]),
        lines: vec![texts.get("mail.left.line").to_owned()],
        said: Some(about.text),
        facts,
        button: Some((texts.get("mail.left.button"), about.link)),
        foot: texts.fill("mail.left.foot", &[("site", about.site)]),
    }
    .render()
}

/// The letter that answers an offline message.
///
/// # Errors
/// When a template fails.
pub fn answer(texts: &Texts, about: Answer) -> AppResult<Letter> {
    Parts {
        locale: texts.locale(),
        subject: texts.fill("mail.answer.subject", &[("site", about.site)]),
        heading: texts.fill("mail.answer.heading", &[("agent", about.agent), ("site", about.site)]),
        lines: Vec::new(),
        said: Some(about.text),
        facts: Vec::new(),
        button: about.link.map(|link| (texts.get("mail.answer.button"), link)),
        foot: texts.fill("mail.answer.foot", &[("site", about.site)]),
    }
    .render()
}

/// The letter that calls a visitor who keeps the place in the queue.
///
/// # Errors
/// When a template fails.
pub fn your_turn(texts: &Texts, about: Turn) -> AppResult<Letter> {
    let fill = |key: &str| texts.fill(key, &[("site", about.site)]);
    Parts {
        locale: texts.locale(),
        subject: fill("mail.turn.subject"),
        heading: fill("mail.turn.heading"),
        lines: vec![texts.count("mail.turn.held", about.minutes), texts.get("mail.turn.else").to_owned()],
        said: None,
        facts: Vec::new(),
        button: Some((texts.get("mail.turn.button"), about.link)),
        foot: fill("mail.turn.foot"),
    }
    .render()
}

/// The letter that invites somebody into a tenant.
///
/// # Errors
/// When a template fails.
pub fn invitation(texts: &Texts, about: Link) -> AppResult<Letter> {
    link_letter(texts, about, "invite")
}

/// The letter with a link to choose a new password.
///
/// # Errors
/// When a template fails.
pub fn password_reset(texts: &Texts, about: Link) -> AppResult<Letter> {
    link_letter(texts, about, "reset")
}

fn link_letter(texts: &Texts, about: Link, which: &str) -> AppResult<Letter> {
    let fill = |part: &str| texts.fill(&format!("mail.{which}.{part}"), &[("tenant", about.tenant), ("by", about.by)]);
    Parts {
        locale: texts.locale(),
        subject: fill("subject"),
        heading: fill("heading"),
        lines: vec![fill("line")],
        said: None,
        facts: Vec::new(),
        button: Some((&fill("button"), about.link)),
        foot: fill("foot"),
    }
    .render()
}

struct Parts<'a> {
    locale: &'a str,
    subject: String,
    heading: String,
    lines: Vec<String>,
    said: Option<&'a str>,
    facts: Vec<(&'a str, &'a str)>,
    button: Option<(&'a str, &'a str)>,
    foot: String,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    locale: &'a str,
    subject: &'a str,
    heading: &'a str,
    lines: &'a [String],
    said: Option<&'a str>,
    facts: &'a [(&'a str, &'a str)],
    button: Option<(&'a str, &'a str)>,
    foot: &'a str,
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Plain<'a> {
    heading: &'a str,
    lines: &'a [String],
    said: Option<&'a str>,
    facts: &'a [(&'a str, &'a str)],
    button: Option<(&'a str, &'a str)>,
    foot: &'a str,
}

impl Parts<'_> {
    fn render(&self) -> AppResult<Letter> {
        let html = Html {
            locale: self.locale,
            subject: &self.subject,
            heading: &self.heading,
            lines: &self.lines,
            said: self.said,
            facts: &self.facts,
            button: self.button,
            foot: &self.foot,
        };
        let plain = Plain {
            heading: &self.heading,
            lines: &self.lines,
            said: self.said,
            facts: &self.facts,
            button: self.button,
            foot: &self.foot,
        };
        Ok(Letter {
            // A name that somebody chose may stand in the subject; a line break in it may not.
            subject: self.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
            text: plain.render().map_err(anyhow::Error::from)?,
            html: html.render().map_err(anyhow::Error::from)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, LeftMessage, Link, Turn, answer, invitation, left_message, password_reset, your_turn};
    use crate::i18n;

    const EVIL: &str = "\"><script>alert(1)</script><a href=\"https://evil.example\">x</a>\r\nBcc: all@victim.example";

    #[test]
    fn letters_escape_what_people_wrote() {
        for locale in ["en", "zh-CN"] {
            let texts = i18n::texts(locale);
            let left =
                LeftMessage { name: EVIL, email: EVIL, text: EVIL, page: Some(EVIL), site: EVIL, link: "https://f/" };
            let link = Link { tenant: EVIL, by: EVIL, link: "https://f/setup/t" };
            let letters = [
                left_message(texts, left).unwrap(),
                answer(texts, Answer { agent: EVIL, site: EVIL, text: EVIL, link: None }).unwrap(),
                invitation(texts, link).unwrap(),
                password_reset(texts, link).unwrap(),
                your_turn(texts, Turn { site: EVIL, minutes: 10, link: "https://f/back/t" }).unwrap(),
            ];
            for letter in letters {
                assert!(!letter.html.contains("<script"), "{}", letter.html);
                assert!(!letter.html.contains("href=\"https://evil"), "{}", letter.html);
                assert!(!letter.subject.contains(['\r', '\n']), "{:?}", letter.subject);
                assert!(!letter.subject.starts_with("mail."), "{:?}", letter.subject);
            }
        }
    }

    #[test]
    fn an_invitation_carries_its_link_in_both_forms() {
        let link = Link { tenant: "Tea", by: "Mei", link: "https://f.example/setup/abc" };
        let letter = invitation(i18n::texts("en"), link).unwrap();
        assert!(letter.text.contains(link.link) && letter.html.contains(link.link));
        assert_eq!(letter.subject, "Mei invites you to Tea");
    }

    #[test]
    fn a_call_says_how_long_the_place_is_held_and_leads_back() {
        let link = "https://f.example/back/k.abc_-";
        for (locale, minutes, held) in [
            ("en", 10, "for 10 minutes"),
            ("en", 1, "for one minute"),
            ("zh-CN", 10, "10 分钟"),
            ("zh-CN", 1, "1 分钟"),
        ] {
            let letter = your_turn(i18n::texts(locale), Turn { site: "Tea", minutes, link }).unwrap();
            assert!(letter.text.contains(held) && letter.html.contains(held), "{}", letter.text);
            assert!(letter.text.contains(link) && letter.html.contains(link), "{}", letter.html);
            assert!(letter.subject.contains("Tea"), "{}", letter.subject);
        }
    }

    #[test]
    fn plain_text_quotes_every_line() {
        let about = Answer { agent: "Mei", site: "Tea", text: "one\ntwo & <three>", link: None };
        let letter = answer(i18n::texts("en"), about).unwrap();
        assert!(letter.text.contains("> one\n> two & <three>\n"), "{}", letter.text);
    }
}
