//! Small pieces of pages. Each renders itself as HTML and escapes what it is given.

use std::fmt;

use askama::filters::HtmlSafe;

use super::time;

/// A drawing of 24 by 24 units, in the colour of the text around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Icon(pub &'static str);

impl Icon {
    const fn path(self) -> &'static str {
        match self.0.as_bytes() {
            b"home" => "M4 11l8-7 8 7v8a1 1 0 0 1-1 1h-5v-6h-4v6H5a1 1 0 0 1-1-1z",
            b"board" => "M4 5h16v14H4zM4 9.500h16M9.500 9.500V19M13 13h4M13 16h4",
            b"site" => "M4 5h16v14H4zM4 9h16M7 7h.01M10 7h.01",
            b"people" => {
                "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM3 20c0-3.5 2.6-6 6-6s6 2.5 6 6M16 4.4a3.5 3.5 0 0 1 0 6.2M17.5 14.4c2.1.8 3.5 2.9 3.5 5.6"
            }
            b"departments" => {
                "M12 4v4M6 20v-4a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v4M12 8a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM4 20h4M16 20h4M12 12v2"
            }
            b"routing" => "M4 12h5l4-6h7M9 12l4 6h7M17 3l3 3-3 3M17 15l3 3-3 3",
            b"chats" => {
                "M5 4h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-7l-5 4v-4H5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zM8 9h8M8 12h5"
            }
            b"inbox" => "M3 13l3-8h12l3 8v6H3zM3 13h5l1.5 3h5l1.5-3h5",
            b"mail" => "M3 6h18v12H3zM3 7l9 6 9-6",
            b"log" => "M6 3h9l4 4v14H6zM14 3v5h5M9 12h7M9 16h7",
            b"me" => "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.5-7 8-7s8 3 8 7",
            b"out" => "M14 4h5v16h-5M4 12h11M11 8l4 4-4 4",
            b"console" => "M4 4h16v12H4zM9 20h6M12 16v4",
            b"tenants" => "M4 20V9l5-4 5 4v11zM14 20v-8h6v8M7 12h.01M10 12h.01M7 16h.01M10 16h.01M17 15h.01",
            b"key" => "M14 10a4 4 0 1 0-3.5 4L12 15.5h2V18h2.5v2H20v-3.5L14 10.5zM8.5 8.5h.01",
            b"health" => "M3 12h4l2-6 4 13 3-9 1.5 2H21",
            b"jobs" => "M12 8v4l3 2M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
            b"menu" => "M4 7h16M4 12h16M4 17h16",
            b"check" => "M5 12.5l4.5 4.5L19 7",
            b"plus" => "M12 5v14M5 12h14",
            b"warn" => "M12 4l9 16H3zM12 10v4M12 17h.01",
            b"info" => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5M12 8h.01",
            b"star" => {
                "M12 3.5l2.600 5.400 5.900.8-4.300 4.100 1.100 5.900-5.300-2.900-5.300 2.900 1.100-5.900L3.5 9.700l5.900-.8z"
            }
            b"file" => "M7 3h7l4 4v14H7zM14 3v4h4",
            b"back" => "M15 5l-7 7 7 7",
            b"next" => "M9 5l7 7-7 7",
            b"copy" => "M9 9h11v11H9zM5 15H4V4h11v1",
            b"download" => "M12 4v11M7 11l5 5 5-5M4 20h16",
            b"print" => "M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z",
            b"lock" => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
            _ => "M12 12h.01",
        }
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>"#, self.path())
    }
}

impl HtmlSafe for Icon {}

/// A time. Shown in UTC; `admin.js` puts it into the reader's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub i64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (iso, shown) = (time::iso(self.0), time::minute(self.0));
        write!(f, r#"<time class="nowrap num" datetime="{iso}">{shown} UTC</time>"#)
    }
}

impl HtmlSafe for Time {}

/// A state in a coloured lozenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pill {
    /// `good`, `warn`, `bad`, `info` or empty.
    pub tone: &'static str,
    /// What it says.
    pub text: &'static str,
}

impl fmt::Display for Pill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="pill dot {}">{}</span>"#, self.tone, escape(self.text))
    }
}

impl HtmlSafe for Pill {}

/// A rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stars {
    /// 1 to 5.
    pub score: i64,
    /// The rating in words, for people who cannot see stars.
    pub label: &'static str,
}

impl fmt::Display for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="stars" role="img" aria-label="{}: {}/5">"#, escape(self.label), self.score)?;
        for number in 1..=5 {
            let class = if number <= self.score { "icon on" } else { "icon" };
            let path = Icon("star").path();
            write!(f, r#"<svg class="{class}" viewBox="0 0 24 24" aria-hidden="true"><path d="{path}"/></svg>"#)?;
        }
        f.write_str("</span>")
    }
}

impl HtmlSafe for Stars {}

/// Text as HTML, for the pieces above and attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A colour as a small square. `color` is `#rrggbb`; anything else shows no colour.
pub struct Swatch<'a>(pub &'a str);

impl fmt::Display for Swatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let color = domain::text::Color::parse(self.0).map_or_else(|_| "none".to_owned(), String::from);
        write!(
            f,
            r#"<svg class="swatch" viewBox="0 0 16 16" aria-hidden="true"><rect width="16" height="16" rx="4" fill="{color}"/></svg>"#
        )
    }
}

impl HtmlSafe for Swatch<'_> {}

/// A number of bytes for people.
pub fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut tenths = count.max(0).saturating_mul(10);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("B");
    if unit == 0 { format!("{count} {name}") } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::{Pill, Stars, Swatch, Time, bytes};

    #[test]
    fn pieces_escape_what_they_show() {
        let pill = Pill { tone: "bad", text: "<script>alert(1)</script>\"'&" };
        assert!(pill.to_string().contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
        assert!(!Stars { score: 3, label: "\"><img src=x>" }.to_string().contains("<img"));
        assert!(!Swatch("\"/><script>").to_string().contains("script"));
    }

    #[test]
    fn a_time_is_readable_by_people_and_scripts() {
        let shown = Time(1_700_000_000_123).to_string();
        assert!(shown.contains(r#"datetime="2023-11-14T22:13:20Z""#), "{shown}");
        assert!(shown.contains("2023-11-14 22:13 UTC"), "{shown}");
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes(0), "0 B");
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(10 * 1024 * 1024), "10.0 MiB");
    }
}
