//! `cargo xtask soak`: kills, bad networks and a bad bus for as long as one likes, judged by the checker.

use anyhow::{Context as _, Result, bail};

use crate::shell::{cargo, run as run_command};

/// What can be asked for, and the variable that tells the test.
const OPTIONS: [(&str, &str); 3] = [
    ("--kills", "FRONTDESK_SOAK_KILLS"),
    ("--messages", "FRONTDESK_SOAK_MESSAGES"),
    ("--minutes", "FRONTDESK_SOAK_MINUTES"),
];

/// Runs the soak test until it has done as many kills and acknowledged messages as asked for; fails when that
/// takes longer than it may, and at the first broken promise.
///
/// # Errors
/// An option that is unknown or has no number, and whatever the test finds.
pub(crate) fn run(args: &[&str]) -> Result<()> {
    let asked = parse(args)?;
    let mut test = cargo(["test", "--workspace", "--test", "it", "--"]);
    test.args(["--ignored", "--exact", "faults::soak::soak", "--nocapture"]).envs(asked);
    run_command(&mut test)
}

fn parse(args: &[&str]) -> Result<Vec<(&'static str, String)>> {
    args.chunks(2)
        .map(|pair| {
            let [name, number] = pair else { bail!("`{}` needs a number", pair.join(" ")) };
            let known = OPTIONS.iter().find(|(option, _)| option == name);
            let (_, variable) = known.with_context(|| format!("unknown option `{name}`; see `cargo xtask help`"))?;
            let number: u64 = number.parse().with_context(|| format!("`{name} {number}`: not a number"))?;
            Ok((*variable, number.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn options_become_variables() {
        let asked = parse(&["--kills", "200", "--minutes", "5"]).expect("options");
        assert_eq!(asked, [("FRONTDESK_SOAK_KILLS", "200".into()), ("FRONTDESK_SOAK_MINUTES", "5".into())]);
        assert!(parse(&[]).expect("none").is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (args, named) in [(&["--kills"][..], "--kills"), (&["--kills", "x"], "x"), (&["--kill", "1"], "--kill")] {
            let error = format!("{:#}", parse(args).expect_err("an error"));
            assert!(error.contains(named), "{error}");
        }
    }
}
