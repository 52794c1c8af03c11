//! Settings as they stand on the command line: `NAME=VALUE`.

use anyhow::{Context, bail};
use domain::duration;
use domain::policy::{Kind, PolicyError, SETTINGS, Setting, Unit};
use serde_json::Value;

/// Reads `NAME=VALUE`; `None` for a value that is left empty. A time is a number of milliseconds, or has a unit:
/// `30s`, `10min`, `2h`.
///
/// # Errors
/// No such setting, with those there are; and values out of its range.
pub(super) fn read(text: &str) -> anyhow::Result<(&'static Setting, Option<Value>)> {
    let (name, value) = text.split_once('=').with_context(|| format!("{text:?} is not NAME=VALUE"))?;
    let setting = match Setting::named(name.trim()) {
        Ok(setting) => setting,
        Err(error @ PolicyError::Unknown { .. }) => {
            let names: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
            bail!("{error}; there are: {}", names.join(", "));
        }
        Err(error) => return Err(error.into()),
    };
    let value = value.trim();
    if value.is_empty() {
        return Ok((setting, None));
    }
    let has_unit = value.contains(|c: char| !c.is_ascii_digit() && c != '-');
    let value = match setting.kind {
        Kind::Number { unit: Unit::Milliseconds, .. } if has_unit => {
            Value::from(duration::parse(value).with_context(|| format!("{name} is not understood"))?)
        }
        _ => setting.parse(value)?,
    };
    setting.check(&value)?;
    Ok((setting, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::read;
    use serde_json::json;

    #[test]
    fn settings_are_read_with_and_without_units() {
        let value = |text| read(text).unwrap().1;
        assert_eq!(value("offer_deadline_ms=20000"), Some(json!(20_000)));
        assert_eq!(value("offer_deadline_ms=20s"), Some(json!(20_000)));
        assert_eq!(value("max_wait_ms = 1.5 h"), Some(json!(5_400_000)));
        assert_eq!(value("sticky=false"), Some(json!(false)));
        assert_eq!(value("strategy=manual"), Some(json!("manual")));
        assert_eq!(value("max_queue="), None);
        let refused = |text| format!("{:#}", read(text).unwrap_err());
        assert!(refused("colour=1").contains("there are: strategy, offer_deadline_ms"));
        assert!(refused("capacity").contains("NAME=VALUE"));
        assert_eq!(refused("capacity=0"), "capacity must be between 1 and 50");
        assert_eq!(refused("offer_deadline_ms=1h"), "offer_deadline_ms must be between 5000 and 600000");
        assert!(refused("offer_deadline_ms=soon").contains("10 min"));
        assert!(refused("sticky=maybe").contains("true or false"));
    }
}
