//! What a server says in its log when it starts and stops.

use super::core::Core;
use super::info::{API_LEVEL, GO_VERSION, VERSION};
use super::is_hash;
use super::sha256::short_hash;

/// `-sd` unless given: a directory that does not last.
pub(super) const TEMPORARY_STORE: &str = "/tmp/nats";

const BANNER: [&str; 7] = [
    r"    _ ___ _____ ___ _____ ___ ___   _   __  __",
    r" _ | | __|_   _/ __|_   _| _ \ __| /_\ |  \/  |",
    r"| || | _|  | | \__ \ | | |   / _| / _ \| |\/| |",
    r" \__/|___| |_| |___/ |_| |_|_\___/_/ \_\_|  |_|",
    "",
    "         https://docs.nats.io/jetstream",
    "",
];

impl Core {
    /// Before JetStream starts.
    pub(super) fn log_start(&mut self) {
        self.log("INF", "Starting nats-server");
        self.log("INF", &format!("  Version:  {VERSION}"));
        self.log("INF", "  Git:      [not set]");
        self.log("DBG", &format!("  Go build: {GO_VERSION}"));
        self.log("INF", &format!("  Name:     {}", self.identity.name));
        if self.config.jetstream.is_some() {
            let node = short_hash(&self.identity.name);
            self.log("INF", &format!("  Node:     {node}"));
        }
        self.log("INF", &format!("  ID:       {}", self.identity.id));
        // nats-server does not look at the token.
        if self.config.pass.as_deref().is_some_and(|p| !is_hash(p)) {
            self.log("WRN", "Plaintext passwords detected, use nkeys or bcrypt");
        }
        self.log("DBG", "Created system account: \"$SYS\"");
        if self.config.jetstream.is_some() {
            self.log_jetstream();
        }
    }

    fn log_jetstream(&mut self) {
        self.log("INF", "Starting JetStream");
        if self.config.store_dir == TEMPORARY_STORE {
            self.log(
                "WRN",
                "Temporary storage directory used, data could be lost on system reboot",
            );
        }
        BANNER.iter().for_each(|line| self.log("INF", line));
        self.log("INF", "---------------- JETSTREAM ----------------");
        self.log("INF", "  Strict:          true");
        self.log(
            "INF",
            &format!("  Max Memory:      {}", gigabytes(self.config.max_memory)),
        );
        self.log(
            "INF",
            &format!("  Max Storage:     {}", gigabytes(self.config.max_storage)),
        );
        let directory = self.config.store_dir.trim_end_matches('/').to_owned();
        self.log(
            "INF",
            &format!("  Store Directory: \"{directory}/jetstream\""),
        );
        self.log("INF", &format!("  API Level:       {API_LEVEL}"));
        self.log("INF", "-------------------------------------------");
    }

    fn log_jetstream_started(&mut self) {
        if self.config.jetstream.is_some() {
            self.log.started = Some(self.log.lines.len());
            // There is no clock in here to take the time with.
            self.log("INF", "Took 0s to start JetStream");
        }
    }

    /// After JetStream started: nobody can come in, and it ends. `error` is what Go says of the one door or the other.
    pub(super) fn log_closed(&mut self, websocket: bool, error: &str) {
        self.log_jetstream_started();
        let (host, port) = (&self.config.host, self.config.port);
        let why = match websocket {
            true => format!("Unable to listen for websocket connections: {error}"),
            false => format!("Error listening on port: {host}:{port}, \"{error}\""),
        };
        self.log("FTL", &why);
    }

    /// After JetStream started: open for clients.
    pub(super) fn log_ready(&mut self) {
        self.log_jetstream_started();
        let mut host = self.config.host.clone();
        if let Some(port) = self.config.websocket_port {
            self.log(
                "INF",
                &format!("Listening for websocket clients on ws://{host}:{port}"),
            );
            self.log(
                "WRN",
                "Websocket not configured with TLS. DO NOT USE IN PRODUCTION!",
            );
        }
        // Only here are there brackets around IPv6.
        if host.contains(':') {
            host = format!("[{host}]");
        }
        self.log(
            "INF",
            &format!(
                "Listening for client connections on {host}:{}",
                self.config.port
            ),
        );
        self.log("INF", "Server is ready");
    }

    /// All is closed. A lame duck stopped to accept clients before.
    pub(super) fn log_exit(&mut self, lame_duck: bool) {
        if !lame_duck {
            self.log("DBG", "Client accept loop exiting..");
        }
        self.log("DBG", "SYSTEM - System connection closed: Client Closed");
        self.log("INF", "Server Exiting..");
    }
}

fn gigabytes(bytes: i64) -> String {
    let hundredths = bytes / ((1 << 30) / 100);
    format!("{}.{:02} GB", hundredths / 100, hundredths % 100)
}
