//! A `PgBouncer` of a test's own, which hands out connections per transaction.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vigia_testbed::as_server_user;

use super::{PostgresDatabase, free_port, own, owned_folder, required};

/// A pooler in front of one database; ended with its guard.
pub(crate) struct Pooler {
    server: Child,
    url: String,
    _folder: TempDir,
}

impl Pooler {
    /// None where there is no `PgBouncer`, which it says.
    pub(crate) fn start(database: &PostgresDatabase) -> Option<Self> {
        let program = std::env::var("VIGIA_PGBOUNCER").unwrap_or("pgbouncer".to_owned());
        let version = Command::new(&program).arg("--version").output();
        if !version.is_ok_and(|output| output.status.success()) {
            assert!(!required("VIGIA_REQUIRE_POSTGRES"), "there is no {program}");
            eprintln!("skipped: there is no {program}");
            return None;
        }
        let (folder, port) = (owned_folder(), free_port());
        let settings = folder.path().join("pgbouncer.ini");
        write_settings(folder.path(), &settings, database, port);
        let server = as_server_user(Path::new(&program))
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer starts");
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it is silent");
            std::thread::sleep(Duration::from_millis(10));
        }
        let (host, _) = place_of(database);
        let url = database
            .url()
            .replacen(&host, &format!("127.0.0.1:{port}"), 1);
        Some(Self {
            server,
            url,
            _folder: folder,
        })
    }

    /// The database's address through it.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _gone_already = self.server.kill();
        let _reaped = self.server.wait();
    }
}

/// `HOST:PORT` of the server, and the two apart.
fn place_of(database: &PostgresDatabase) -> (String, (String, String)) {
    let url = database.url();
    let (_, place) = url.rsplit_once('@').expect("an address with a user");
    let (place, _) = place.rsplit_once('/').expect("and a database");
    let (host, port) = place.rsplit_once(':').expect("and a port");
    (place.to_owned(), (host.to_owned(), port.to_owned()))
}

fn write_settings(folder: &Path, settings: &Path, database: &PostgresDatabase, port: u16) {
    let (_, (host, server_port)) = place_of(database);
    let users = folder.join("users.txt");
    std::fs::write(&users, format!("\"{}\" \"hush-hush\"\n", database.name())).expect("users");
    let text = format!(
        "[databases]\n* = host={host} port={server_port}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
         auth_type = plain\nauth_file = {}\npool_mode = transaction\n\
         default_pool_size = 4\nmax_client_conn = 200\n\
         ignore_startup_parameters = extra_float_digits\nlogfile = {}\n",
        users.display(),
        folder.join("log").display()
    );
    std::fs::write(settings, text).expect("settings");
    own(&users);
    own(settings);
}
