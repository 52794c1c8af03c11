//! A site's public configuration, inlined in the loader and the frame. Nothing here is secret.

use alloc::string::String;
use alloc::vec::Vec;

#[cfg(feature = "agents")]
use crate::ids::DepartmentId;
use crate::state::{Availability, DepartmentChoice};

wire_text! {
    /// Which lower corner the bubble sits in. Start and end follow the page's writing direction.
    pub enum Side {
        /// Right in left-to-right pages.
        End = "end",
        /// Left in left-to-right pages.
        Start = "start",
    }
}

wire_text! {
    /// Colour scheme of the widget.
    pub enum Theme {
        /// As the visitor's system.
        Auto = "auto",
        /// Always light.
        Light = "light",
        /// Always dark.
        Dark = "dark",
    }
}

wire_text! {
    /// Whether a form field is shown and must be filled.
    pub enum FieldRule {
        /// Not shown.
        Off = "off",
        /// Shown, may stay empty.
        Optional = "optional",
        /// Shown, must be filled.
        Required = "required",
    }
}

wire_struct! {
    /// What a site looks like and asks for.
    pub struct SiteConfig {
        /// Public key of the site.
        key: String,
        /// Name shown in the header of the widget.
        name: String,
        /// Accent colour, `#rrggbb`.
        color: String,
        /// Where the bubble sits.
        side: Side,
        /// Colour scheme.
        theme: Theme,
        /// Language when the visitor's is not complete (BCP 47); `None`: English.
        locale: Option<String>,
        /// Pre-chat form: name.
        ask_name: FieldRule,
        /// Pre-chat form: e-mail address.
        ask_email: FieldRule,
        /// Whether what a visitor types is shown to agents before it is sent.
        typing_preview: bool,
        /// Merchant's own texts, by language.
        texts: Vec<SiteTexts>,
        /// Pre-chat form: department; absent means off.
        ask_department: Option<FieldRule>,
        @agents
        /// Departments that visitors choose from; absent means every one.
        departments: Option<Vec<DepartmentId>>,
    }
}

wire_struct! {
    /// Merchant's own texts in one language; an absent one means the built-in text.
    pub struct SiteTexts {
        /// BCP 47 language, such as `en` or `zh-CN`.
        locale: String,
        /// Greeting on the home screen.
        greeting: Option<String>,
        /// Line under the greeting.
        welcome: Option<String>,
        /// Shown with the offline form.
        offline: Option<String>,
    }
}

wire_struct! {
    /// What the loader carries for its start.
    pub struct LoaderConfig {
        /// Public key of the site.
        key: String,
        /// Origin of the chat server, exact.
        host: String,
        /// Address of the frame.
        frame: String,
        /// Build of the server's assets.
        build: String,
        /// Accent colour, `#rrggbb`.
        color: String,
        /// Where the bubble sits.
        side: Side,
        /// Colour scheme.
        theme: Theme,
    }
}

wire_struct! {
    /// What the frame's document carries for its start.
    pub struct FrameConfig {
        /// The site.
        site: SiteConfig,
        /// Origins that may embed the frame, exact; the frame answers no other.
        origins: Vec<String>,
        /// Whether the site can chat now.
        availability: Availability,
        /// When it opens next, Unix milliseconds; only while it is closed and that is known.
        opens_at: Option<i64>,
        /// Departments that visitors choose from; absent when there is no choice.
        departments: Option<Vec<DepartmentChoice>>,
        /// Build of the server's assets.
        build: String,
    }
}
