//! Every environment variable that bgrun reads or sets, in one place.

/// The state directory; default `~/.bgr`.
pub const HOME: &str = "BGR_HOME";
/// The database is `${DB_NAME:-bgr}_v2.sqlite` in the state directory.
pub const DB_NAME: &str = "DB_NAME";
/// The port of the dashboard, and no other.
pub const DASHBOARD_PORT: &str = "BUN_PORT";
/// If set and not empty: no colours (no-color.org).
pub const NO_COLOR: &str = "NO_COLOR";

/// Recorded with the process: its group.
pub const GROUP: &str = "BGR_GROUP";
/// Recorded with the process: `true` keeps it alive always.
pub const KEEP_ALIVE: &str = "BGR_KEEP_ALIVE";
/// Recorded with the process: memory above which the guard restarts it (`500m`, `1g`, bytes).
pub const MEMORY_LIMIT: &str = "BGR_MEMORY_LIMIT";
/// Recorded with the process: minutes after which the guard restarts it.
pub const RESTART_INTERVAL: &str = "BGR_RESTART_INTERVAL";
/// Recorded with the process: what must be there before it is started, separated by commas
/// (`db,migrate:exited`).
pub const DEPENDS_ON: &str = "BGR_DEPENDS_ON";
/// The variables that are recorded with a process when its caller has them.
pub const RECORDED: [&str; 5] = [GROUP, KEEP_ALIVE, MEMORY_LIMIT, RESTART_INTERVAL, DEPENDS_ON];
/// What every shown environment starts with; other variables are shown on request only.
pub const SHOWN_PREFIX: &str = "BGR_";

/// Given to a managed process: its name.
pub const OWN_NAME: &str = "BGRUN_NAME";
/// Given to a managed process: 128 random bits, unique to it in every home.
pub const OWN_ID: &str = "BGRUN_ID";
/// Given to a managed process: the number of its run.
pub const OWN_RUN: &str = "BGRUN_RUN";
/// What the variables given to a managed process start with; they are never handed on
/// from one managed process to another.
pub const OWN_PREFIX: &str = "BGRUN_";

/// Which engine docker and podman speak to, and as whom: of a process that is a container,
/// it is always asked with these as the process has them.
pub const ENGINE: [&str; 19] = [
    "PATH",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "DOCKER_API_VERSION",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "CONTAINER_CONNECTION",
    "CONTAINER_HOST",
    "CONTAINER_SSHKEY",
    "CONTAINERS_CONF",
    "CONTAINERS_CONF_OVERRIDE",
    "CONTAINERS_STORAGE_CONF",
    "STORAGE_DRIVER",
];
