//! Lame duck mode. Every expected value was seen on nats-server 2.15.2.
#![cfg(not(target_arch = "wasm32"))]

use nats_kv_playground::server::{Config, ConnectionId, Output, Peer, Server, jetstream};
use nats_kv_playground::wire::time::{SECOND, Time};

const START: Time = Time(1_795_537_149 * SECOND);

fn server() -> Server {
    let config = Config {
        jetstream: Some(jetstream::start),
        utc_offset: None,
        ..Config::default()
    };
    Server::new(config, 7, START)
}

fn output(server: &mut Server, id: ConnectionId) -> Output {
    server.take_ready();
    server.take_output(id)
}

/// What a client gets for this, as text.
fn ask(server: &mut Server, id: ConnectionId, text: &str, now: Time) -> String {
    server.receive(id, text.as_bytes(), now);
    String::from_utf8(output(server, id).bytes).expect("text")
}

/// A client that sent this after its INFO, and read what it got.
fn client(server: &mut Server, text: &str) -> ConnectionId {
    let id = server.connect(Peer::default(), START);
    ask(server, id, text, START);
    id
}

fn log(server: &mut Server) -> Vec<String> {
    let lines = server.take_log();
    let text = |line: String| line.split_once("] ").map(|(_, text)| text.to_owned());
    lines.into_iter().filter_map(text).collect()
}

fn connect(protocol: u8) -> String {
    format!(
        "CONNECT {{\"verbose\":false,\"headers\":true,\"no_responders\":true,\"protocol\":{protocol}}}\r\n"
    )
}

#[test]
fn clients_are_told_and_go_one_after_another() {
    let mut server = server();
    let stream = "PUB $JS.API.STREAM.CREATE.S r 29\r\n{\"name\":\"S\",\"subjects\":[\"s\"]}\r\n";
    let told = client(&mut server, &(connect(1) + "PING\r\nSUB r 1\r\n" + stream));
    let old = client(&mut server, &(connect(0) + "PING\r\n"));
    let without_ping = client(&mut server, &connect(1));
    log(&mut server);

    let mut duck = server.enter_lame_duck_mode(START);
    assert_eq!(
        log(&mut server),
        [
            "[INF] Entering lame duck mode, stop accepting new clients",
            "[INF] Initiating JetStream Shutdown...",
            "[INF] JetStream Shutdown",
        ]
    );
    let info = ask(&mut server, told, "", START);
    assert!(info.starts_with("INFO {\"server_id\":"), "{info}");
    let middle = "\"jetstream\":true,\"client_id\":5,\"client_ip\":\"\",\"ldm\":true,\"api_lvl\":5,\"xkey\":";
    assert!(info.contains(middle), "{info}");
    assert_eq!(ask(&mut server, old, "", START), "");
    assert_eq!(ask(&mut server, without_ping, "", START), "");

    // JetStream is gone: its API says nothing, its streams and consumers are nobody.
    for (subject, answered) in [
        ("$JS.API.INFO", false),
        ("$JS.API.STREAM.INFO.S", false),
        ("$SYS.REQ.USER.INFO", false),
        ("s", true),
        ("$JS.API.DIRECT.GET.S", true),
        ("$JS.API.CONSUMER.MSG.NEXT.S.C", true),
    ] {
        let got = ask(
            &mut server,
            told,
            &format!("PUB {subject} r 0\r\n\r\n"),
            START,
        );
        assert_eq!(got.contains(" 503\r\n"), answered, "{subject}: {got}");
        assert_eq!(got.is_empty(), !answered, "{subject}: {got}");
    }
    // The INFO after a first PING is the usual one.
    let late = ask(&mut server, without_ping, "PING\r\n", START);
    assert!(
        late.contains("\"connect_info\":true") && !late.contains("ldm"),
        "{late}"
    );

    let (mut left, mut times) = (vec![told, old, without_ping], vec![START]);
    while let Some(at) = server.let_go(&mut duck, times[times.len() - 1]) {
        left.retain(|id| output(&mut server, *id).close.as_deref() != Some("Server Shutdown"));
        assert_eq!(left.len(), 4 - times.len());
        times.push(at);
    }
    assert_eq!(times.len(), 4);
    assert_eq!(times[1], START.after(10 * SECOND));
    for pair in times[1..].windows(2) {
        let wait = pair[1].since(pair[0]);
        assert!((SECOND / 2..SECOND).contains(&wait), "{wait}");
    }
    server.shutdown(times[3]);
    assert_eq!(
        log(&mut server),
        [
            "[INF] Closing existing clients",
            "[INF] Initiating Shutdown...",
            "[INF] Server Exiting..",
        ]
    );
}

#[test]
fn nobody_to_tell_is_nobody_to_wait_for() {
    let mut server = server();
    let gone = client(&mut server, "");
    server.disconnect(gone, START);
    let mut duck = server.enter_lame_duck_mode(START);
    assert_eq!(server.let_go(&mut duck, START), None);
}

/// Two minutes less ten seconds are enough for any number of clients.
#[test]
fn many_clients_go_faster() {
    let mut server = server();
    for _ in 0..440 {
        client(&mut server, "");
    }
    let mut duck = server.enter_lame_duck_mode(START);
    let mut now = START;
    while let Some(at) = server.let_go(&mut duck, now) {
        now = at;
    }
    let all = now.since(START) / SECOND;
    assert!((10 + 55..=120).contains(&all), "{all}");
}
