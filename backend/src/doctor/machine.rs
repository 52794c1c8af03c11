//! What lies on this machine: folder, keys.

use std::path::Path;

use super::Finding;
use crate::config::Config;
use crate::config::database::Database;

/// File systems of other machines: their locks and their promises about what is on disk are not to be relied on.
const NETWORK: [&str; 9] = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph"];

/// Looks at folder and keys.
pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![folder(config)];
    if let Database::Sqlite(file) = &config.database {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let place = std::fs::canonicalize(file.parent().unwrap_or(Path::new("."))).unwrap_or_else(|_| file.clone());
        let kind = kind_of(&mounts, &place).filter(|kind| NETWORK.contains(kind));
        let network = |kind| Finding::failed("disk", "disk.network").with("kind", kind).with("place", place.display());
        findings.extend(kind.map(network));
    }
    findings.push(keys(config));
    findings
}

fn folder(config: &Config) -> Finding {
    let place = config.data.display();
    let probe = config.data.join(format!(".doctor-{}", std::process::id()));
    let tried = std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe));
    if let Err(error) = tried {
        return Finding::failed("data", "data.not_writable").with("place", place).with("error", error);
    }
    match mode(&config.data) {
        Some(mode) if mode & 0o077 != 0 => {
            Finding::warning("data", "data.open").with("place", place).with("mode", format!("{mode:o}"))
        }
        _ => Finding::ok("data", "data.ok").with("place", place),
    }
}

fn keys(config: &Config) -> Finding {
    if config.secret.is_some() {
        return Finding::ok("keys", "keys.environment_ok");
    }
    let file = &config.secret_file;
    let place = file.display();
    if !file.exists() {
        return Finding::failed("keys", "keys.missing").with("place", place);
    }
    match mode(file) {
        Some(mode) if mode & 0o077 != 0 => {
            Finding::failed("keys", "keys.open").with("place", place).with("mode", format!("{mode:o}"))
        }
        _ => Finding::ok("keys", "keys.ok").with("place", place),
    }
}

/// Who may do what with a file; nothing where there are no such rights.
fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        let found = std::fs::metadata(path).ok()?;
        Some(std::os::unix::fs::MetadataExt::mode(&found) & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The kind of file system a place lies on: of the longest mount point above it, the last one mounted there.
fn kind_of<'a>(mounts: &'a str, place: &Path) -> Option<&'a str> {
    let lines = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.nth(1)?, words.next()?))
    });
    lines.filter(|(point, _)| place.starts_with(point)).max_by_key(|(point, _)| point.len()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_a_place() {
        let mounts = "/dev/vda / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n/dev/vdb /srv/local xfs rw 0 0\n";
        for (place, kind) in [("/var/lib", "ext4"), ("/srv/data", "nfs4"), ("/srv/local/a", "xfs"), ("/srvx", "ext4")] {
            assert_eq!(kind_of(mounts, Path::new(place)), Some(kind), "{place}");
        }
        assert_eq!(kind_of("", Path::new("/")), None);
    }
}
