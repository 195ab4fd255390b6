//! As whom servers run that refuse to run as root.

use std::io;
use std::path::Path;
use std::process::Command;

/// The user that Debian's package makes.
const SERVER_USER: &str = "postgres";

/// Whether this process is root's.
pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command that is not run as root, and ends with the process that starts it.
pub fn as_server_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        let user = format!("--reuid={SERVER_USER}");
        let group = format!("--regid={SERVER_USER}");
        command.args([&user, &group, "--init-groups"]);
    }
    command.arg("--pdeathsig=INT").arg(program);
    // The folder of whoever starts it may be closed to that user.
    command.current_dir("/");
    command
}

/// Lets such a command write to a folder.
pub fn give_to_server_user(folder: &Path) -> io::Result<()> {
    if !is_root() {
        return Ok(());
    }
    let given = Command::new("chown")
        .arg(SERVER_USER)
        .arg(folder)
        .status()?;
    match given.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("chown {SERVER_USER}: {given}"))),
    }
}
