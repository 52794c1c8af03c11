//! User agents in words. Total and bounded: whatever a client sends gives a short plain text or nothing.

/// More of a user agent than this is not looked at, in bytes.
const LOOKED_AT: usize = 1_000;

/// Mark in the user agent, name; those that also claim to be another stand before it.
const BROWSERS: &[(&str, &str)] = &[
    ("MicroMessenger/", "WeChat"),
    ("AlipayClient/", "Alipay"),
    ("DingTalk/", "DingTalk"),
    ("MQQBrowser/", "QQ Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("UCBrowser/", "UC Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("FBAV/", "Facebook"),
    ("Instagram ", "Instagram"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("EdgiOS/", "Edge"),
    ("EdgA/", "Edge"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPT/", "Opera"),
    ("OPR/", "Opera"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("w3m/", "w3m"),
    ("Lynx/", "Lynx"),
    ("Links ", "Links"),
    ("curl/", "curl"),
];

/// Mark in the user agent, name; those that also claim to be another stand before it.
const SYSTEMS: &[(&str, &str)] = &[
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("Windows Phone", "Windows Phone"),
    ("Windows", "Windows"),
    ("iPad", "iPadOS"),
    ("iPhone", "iOS"),
    ("iPod", "iOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("Linux", "Linux"),
];

/// Browser and system in words, such as `Chrome 156 on Windows`; `None` when neither is known. At most 60
/// characters of ASCII.
pub fn describe(user_agent: &str) -> Option<String> {
    let end = user_agent.floor_char_boundary(LOOKED_AT);
    let looked_at = user_agent.get(..end)?;
    let system = SYSTEMS.iter().find(|(mark, _)| looked_at.contains(mark)).map(|(_, name)| *name);
    match (browser(looked_at), system) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(browser), None) => Some(browser),
        (None, Some(system)) => Some(system.to_owned()),
        (None, None) => None,
    }
}

fn browser(user_agent: &str) -> Option<String> {
    let known =
        BROWSERS.iter().find_map(|(mark, name)| user_agent.split_once(mark).map(|(_, rest)| (*mark, *name, rest)));
    let (name, version) = match known {
        // The number after these is not the version people know.
        Some(("Trident/", name, _)) => (name, user_agent.split_once("rv:").map_or("", |(_, rest)| rest)),
        Some((_, name, rest)) => (name, rest),
        None if user_agent.contains("Safari/") => {
            ("Safari", user_agent.split_once("Version/").map_or("", |(_, rest)| rest))
        }
        None => return None,
    };
    let digits: String = version.chars().take_while(char::is_ascii_digit).take(4).collect();
    Some(if digits.is_empty() { name.to_owned() } else { format!("{name} {digits}") })
}

#[cfg(test)]
mod tests {
    use super::describe;
    use proptest::prelude::*;

    #[test]
    fn common_browsers() {
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome 156 on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.1",
                "Edge 150 on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1",
                "Safari 19 on iOS",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 on Linux"),
            (
                "Mozilla/5.0 (Linux; Android 15; M2102) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0.50(0x28)",
                "WeChat 8 on Android",
            ),
            ("Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer 11 on Windows"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Safari 18 on macOS",
            ),
            ("Lynx/2.9.0 libwww-FM/2.14", "Lynx 2"),
            ("something (Linux)", "Linux"),
        ];
        for (user_agent, words) in cases {
            assert_eq!(describe(user_agent).as_deref(), Some(words), "{user_agent}");
        }
        assert_eq!(describe(""), None);
        assert_eq!(describe("Mozilla/5.0"), None);
    }

    proptest! {
        #[test]
        fn any_text_gives_a_short_plain_one(user_agent in "(Chrome/|Version/|Safari/|Windows|é|[0-9]{1,9}|.){0,400}") {
            if let Some(words) = describe(&user_agent) {
                prop_assert!(words.is_ascii() && (1..=60).contains(&words.len()), "{}", words);
            }
        }
    }
}
