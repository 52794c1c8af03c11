//! The pictograms, drawn with lines on a 20 by 20 grid.

use yew::{Html, html};

/// A pictogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Icon {
    Inbox,
    Clock,
    Chats,
    Envelope,
    Check,
    Search,
    Back,
    Person,
    People,
    Pause,
    Up,
    Down,
    Bookmark,
    Swap,
    Close,
    Clip,
    Note,
    Bell,
    Sound,
    SoundOff,
    Keyboard,
    Gear,
    Leave,
    More,
    Sort,
    File,
    Warning,
    Globe,
}

fn path(icon: Icon) -> &'static str {
    match icon {
        Icon::Inbox => {
            "M3 11.5 5.2 4.6A1.5 1.5 0 0 1 6.6 3.5h6.8a1.5 1.5 0 0 1 1.4 1.1l2.2 6.9v3.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15v-3.5Zm0 0h4l1 2h4l1-2h4"
        }
        Icon::Clock => "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm0 3.5V10l2.5 1.8",
        Icon::Chats => {
            "M3 4.5h9.5a1 1 0 0 1 1 1v5a1 1 0 0 1-1 1H7L4 14v-2.5H3a1 1 0 0 1-1-1v-5a1 1 0 0 1 1-1Zm10.5 3H17a1 1 0 0 1 1 1v4.500a1 1 0 0 1-1 1h-1V17l-3-2.500H9.500"
        }
        Icon::Envelope => {
            "M3.500 5h13a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm-.8.700L10 11l7.300-5.300"
        }
        Icon::Check => "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm-3 7.200 2.200 2.200L13.200 8",
        Icon::Search => "M9 3.500a5.500 5.500 0 1 1 0 11 5.500 5.500 0 0 1 0-11Zm4 9.500 3.500 3.500",
        Icon::Back => "M12 4.500 6.500 10l5.500 5.500",
        Icon::Person => "M10 3.500a3 3 0 1 1 0 6 3 3 0 0 1 0-6Zm-6 13c.5-3 2.800-4.500 6-4.500s5.500 1.500 6 4.500",
        Icon::People => {
            "M7.500 4a2.600 2.600 0 1 1 0 5.200 2.600 2.600 0 0 1 0-5.200Zm-5 12c.3-2.800 2.200-4.200 5-4.200s4.700 1.400 5 4.200M13 4.300a2.600 2.600 0 0 1 0 4.700m1.500 3c1.800.5 2.800 1.800 3 4"
        }
        Icon::Pause => "M7.500 5v10M12.500 5v10",
        Icon::Up => "M10 16V4.500M5.500 9 10 4.500 14.500 9",
        Icon::Down => "m5.500 8 4.500 4.500L14.500 8",
        Icon::Bookmark => "M6 3.500h8v13l-4-3-4 3v-13Z",
        Icon::Swap => "M4 7h11m-3-3 3 3-3 3M16 13H5m3-3-3 3 3 3",
        Icon::Close => "m5 5 10 10M15 5 5 15",
        Icon::Clip => {
            "m15.500 9.500-5.600 5.600a3.500 3.500 0 0 1-5-5l6-6a2.300 2.300 0 0 1 3.300 3.300l-5.700 5.700a1.200 1.200 0 0 1-1.700-1.700l5.200-5.200"
        }
        Icon::Note => "M4.500 3.500h11v8l-4.500 5h-6.500v-13Zm11 8H11v5M7 7h6M7 10h3",
        Icon::Bell => "M5.500 13V9a4.500 4.500 0 0 1 9 0v4l1 1.500h-11l1-1.500Zm3 3.500h3",
        Icon::Sound => "M3.500 8v4H6l4 3.500v-11L6 8H3.500Zm9.500-.5a3.500 3.500 0 0 1 0 5m2-7a6.500 6.500 0 0 1 0 9",
        Icon::SoundOff => "M3.500 8v4H6l4 3.500v-11L6 8H3.500Zm9.500 0 4 4m0-4-4 4",
        Icon::Keyboard => {
            "M3.500 5.500h13a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-13a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM5.500 8.500h.1m3 0h.1m3 0h.1m3 0h.1M7 11.500h6"
        }
        Icon::Gear => "M4 6h6m4 0h2M4 14h2m4 0h6M12 4v4m-4 4v4",
        Icon::Leave => "M8 3.500H5a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h3m4.500-10L16 10l-3.500 3.500M16 10H8",
        Icon::More => "M5 10h.1M10 10h.1M15 10h.1",
        Icon::Sort => "M6 4v12m-2.500-2.500L6 16l2.500-2.500M11 5.500h6m-6 4h4.500m-4.500 4h3",
        Icon::File => "M5 3h6.500L15.500 7v10H5V3Zm6.500 0v4h4",
        Icon::Warning => "M10 3.500 17.500 16.500h-15L10 3.500Zm0 5v3.500m0 2.200v.1",
        Icon::Globe => {
            "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm-7 7h14M10 3c2.300 2 3 4.500 3 7s-.7 5-3 7c-2.300-2-3-4.500-3-7s.7-5 3-7Z"
        }
    }
}

/// Draws a pictogram. It says nothing to a screen reader: the button around it does.
pub(super) fn icon(icon: Icon) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d={path(icon)} />
        </svg>
    }
}
