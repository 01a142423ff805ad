//! `--dir GUEST=HOST[:ro]`: a folder of this machine that the program may use.

use std::path::PathBuf;

use host_runtime::{Folder, FolderAccess};

/// Behind a folder that the program may only read.
const READ_ONLY: &str = ":ro";

/// Reads the value of `--dir`. The folder itself is looked at when the program starts.
pub fn parse(text: &str) -> Result<Folder, String> {
    let rule = || "it is to be GUEST=HOST or GUEST=HOST:ro, such as /data=./data".to_string();
    let (guest, host) = text.split_once('=').ok_or_else(rule)?;
    let (host, access) = match host.strip_suffix(READ_ONLY) {
        Some(host) => (host, FolderAccess::Read),
        None => (host, FolderAccess::Write),
    };
    if host.is_empty() || text.contains('\0') {
        return Err(rule());
    }
    let dots = |part: &str| part == "." || part == "..";
    if !guest.starts_with('/') || guest.split('/').any(dots) {
        return Err(format!(
            "the program's name of the folder, `{guest}`, is to begin with `/` and have no `.` or `..`"
        ));
    }
    Ok(Folder {
        guest: guest.to_owned(),
        host: PathBuf::from(host),
        access,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read() {
        let folder = |text: &str| parse(text).map(|one| (one.guest, one.host, one.access));
        let (read, write) = (FolderAccess::Read, FolderAccess::Write);
        assert_eq!(
            folder("/data=./data"),
            Ok(("/data".into(), "./data".into(), write))
        );
        assert_eq!(
            folder("/=/srv/a=b:ro"),
            Ok(("/".into(), "/srv/a=b".into(), read))
        );
        for wrong in [
            "",
            "/data",
            "/data=",
            "/data=:ro",
            "data=./data",
            "=./data",
            "/a/../b=c",
            "/.=c",
            "/a=b\0",
        ] {
            assert!(folder(wrong).is_err(), "{wrong}");
        }
    }
}
