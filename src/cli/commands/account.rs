//! `nats account` and `nats rtt`: who one is, and how far the server is away.

use super::{Call, Outcome, failed};
use crate::{
    cli::{
        parse::Failure,
        render::{self, columns::Columns, human_duration},
        values,
        width::filled,
    },
    client::{
        Client, Error, Headers,
        types::{AccountInfo, AccountTier},
    },
    wire::{
        json::{Writer, from_json, indent, record},
        time::SECOND,
    },
};

/// Answer of `$SYS.REQ.USER.INFO`.
#[derive(Default)]
struct UserAnswer {
    data: Option<UserInfo>,
}

record!(UserAnswer, "ServerAPIResponse": data);

/// What the server knows of the user.
#[derive(Default)]
struct UserInfo {
    user: String,
    user_name: String,
    account: String,
    account_name: String,
    permissions: Option<Permissions>,
    /// Nanoseconds; 0: never.
    expires: i64,
}

record!(UserInfo, "UserInfo": user, user_name, account, account_name, permissions, expires);

#[derive(Default)]
struct Permissions {
    publish: SubjectPermission,
    subscribe: SubjectPermission,
}

record!(Permissions, "Permissions": publish, subscribe);

#[derive(Default)]
struct SubjectPermission {
    allow: Vec<String>,
    deny: Vec<String>,
}

record!(SubjectPermission, "SubjectPermission": allow, deny);

/// What the server knows of the user; `None` if it does not answer.
async fn user_info(call: &Call, client: &Client) -> Option<UserInfo> {
    let subject = "$SYS.REQ.USER.INFO";
    call.traced(&format!(">>> {subject}: {{}}"));
    let headers = Headers::new();
    let answer = client.request(subject, &headers, b"", SECOND).await;
    let answer = answer.ok()?.payload;
    if call.values.is("trace") {
        call.log(&format!("<<< {}", String::from_utf8_lossy(&answer)));
    }
    from_json::<UserAnswer>(&answer).ok()?.data
}

/// A URL without its password, which Go's replaces.
pub fn redacted(url: &str) -> String {
    let hidden = url.split_once("://").and_then(|(scheme, rest)| {
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:xxxxx@{host}"))
    });
    hidden.unwrap_or_else(|| url.into())
}

/// Host and port of a URL, with the scheme NATS takes when there is none.
pub fn split_url(url: &str) -> (String, String) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("nats", url));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let standard = match scheme {
        "ws" => 80,
        "wss" => 443,
        _ => 4222,
    };
    let port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if port {
        host.to_string()
    } else {
        format!("{host}:{standard}")
    };
    let shown = if port {
        rest.to_string()
    } else {
        format!("{rest}:{standard}")
    };
    (format!("{scheme}://{shown}"), address)
}

/// `account info`.
pub async fn info(call: Call) -> Outcome {
    let jetstream = super::stream::jetstream(&call).await?;
    let client = jetstream.client.clone();
    let rtt = client.rtt().await.unwrap_or(0);
    let server = client.server_info();
    let user = user_info(&call, &client).await;
    let mut report = Columns::new("Account Information");
    if let Some(user) = &user {
        who(&mut report, user);
    }
    let (url, address) = call.connected.borrow().clone();
    report.row("Client ID", server.client_id.to_string());
    report.row("Client IP", server.client_ip.as_str());
    report.row("RTT", human_duration(rtt));
    report.row("Headers Supported", render::yes(server.headers));
    report.row("Maximum Payload", render::size(server.max_payload as u64));
    report.row_if("Connected Cluster", &server.cluster);
    report.row("Connected URL", url);
    report.row("Connected Address", address);
    report.row("Connected Server ID", server.server_id.as_str());
    report.row("Connected Server Version", server.version.as_str());
    if server.server_id != server.server_name {
        report.row("Connected Server Name", server.server_name.as_str());
    }
    report.row("TLS Connection", "no");
    if let Some(granted) = user.and_then(|user| user.permissions) {
        permissions(&mut report, granted);
    }
    let obtained = jetstream.account_info().await;
    usage(&mut report, server.max_payload, obtained)?;
    call.report(&report);
    Ok(())
}

fn who(report: &mut Columns, user: &UserInfo) {
    report.row(
        "User",
        match user.user_name.as_str() {
            "" => user.user.clone(),
            name => format!("{name} ({})", user.user),
        },
    );
    match user.account_name.as_str() {
        "" => report.row("Account", user.account.as_str()),
        name => {
            report.row("Account", format!("{name} ({})", user.account));
            report.row("System Account", render::yes(user.account == "$SYS"))
        }
    };
    report.row(
        "Expires",
        match user.expires {
            0 => "never".into(),
            ns => human_duration(ns),
        },
    );
}

/// What the account has of JetStream, or why that is not known.
fn usage(
    report: &mut Columns,
    max_payload: usize,
    obtained: Result<AccountInfo, Error>,
) -> Outcome {
    let why = match obtained {
        Ok(info) => {
            report.title(&match info.domain.as_str() {
                "" => "JetStream Account Information".to_string(),
                domain => format!("JetStream Account Information for domain {domain}"),
            });
            report.title("Account Usage");
            report.row_if("Domain", &info.domain);
            report.row("Storage", render::size(info.storage));
            report.row("Memory", render::size(info.memory));
            report.row("Streams", render::count(info.streams));
            report.row("Consumers", render::count(info.consumers));
            report.title("Account Limits");
            report.row("Max Message Payload", render::size(max_payload as u64));
            if info.tiers.is_empty() {
                let whole = AccountTier {
                    memory: info.memory,
                    storage: info.storage,
                    reserved_memory: info.reserved_memory,
                    reserved_storage: info.reserved_storage,
                    streams: info.streams,
                    consumers: info.consumers,
                    limits: info.limits,
                };
                tier(report, "Default", &whole);
            }
            for (name, numbers) in &info.tiers {
                tier(report, name, numbers);
            }
            return Ok(());
        }
        Err(Error::NoResponders) => "JetStream is not supported in this account".into(),
        Err(error) if error.api().is_some_and(|e| e.err_code == 10076) => {
            "JetStream is not supported in this account".into()
        }
        Err(Error::DeadlineExceeded) => "No response from JetStream server".into(),
        Err(error) => match failed(error) {
            Failure::Error(error) => format!("Could not obtain account information:  {error}"),
            silent => return Err(silent),
        },
    };
    report.line("").line(&format!("   {why}"));
    Ok(())
}

/// What the user may publish and subscribe to.
fn permissions(report: &mut Columns, permissions: Permissions) {
    report.title("Connection Permissions");
    for (title, mut subjects) in [
        ("Publish:", permissions.publish),
        ("Subscribe:", permissions.subscribe),
    ] {
        subjects.allow.sort();
        subjects.deny.sort();
        if !subjects.allow.is_empty() || !subjects.deny.is_empty() {
            report.indent(2).line(title);
            strings(report, "Allow", &subjects.allow);
            if !subjects.deny.is_empty() {
                report.line("");
                strings(report, "Deny", &subjects.deny);
            }
            report.indent(0);
        }
        report.line("");
    }
}

/// Several values under one label.
pub fn strings(report: &mut Columns, label: &str, list: &[String]) {
    for (index, text) in list.iter().enumerate() {
        report.row(if index == 0 { label } else { "" }, text.as_str());
    }
}

fn tier(report: &mut Columns, name: &str, tier: &AccountTier) {
    let limits = &tier.limits;
    let reserved = |bytes: u64| match bytes {
        0 => String::new(),
        bytes => format!("({} reserved)", render::size(bytes)),
    };
    let limit = |bytes: i64| match bytes {
        -1 => "Unlimited".into(),
        bytes => render::size(bytes as u64),
    };
    let per_stream = |bytes: i64| match bytes {
        ..=0 => "Unlimited".into(),
        bytes => render::size(bytes as u64),
    };
    let usage = |used: u64, most: i64, held: u64| {
        format!(
            "{} of {} {}",
            render::size(used),
            limit(most),
            reserved(held)
        )
    };
    report.indent(2).title(&format!("Tier: {name}")).indent(6);
    report.title("Configuration Requirements");
    report.row(
        "Stream Requires Max Bytes Set",
        render::yes(limits.max_bytes_required),
    );
    report.row(
        "Consumer Maximum Ack Pending",
        match limits.max_ack_pending {
            ..=0 => "Unlimited".into(),
            most => render::number(most),
        },
    );
    report.title("Stream Resource Usage Limits");
    report.row(
        "Memory",
        usage(tier.memory, limits.max_memory, tier.reserved_memory),
    );
    report.row(
        "Memory Per Stream",
        per_stream(limits.memory_max_stream_bytes),
    );
    report.row(
        "Storage",
        usage(tier.storage, limits.max_storage, tier.reserved_storage),
    );
    report.row(
        "Storage Per Stream",
        per_stream(limits.storage_max_stream_bytes),
    );
    let most = match limits.max_streams {
        -1 => "Unlimited".into(),
        most => render::number(most),
    };
    report.row(
        "Streams",
        format!("{} of {most}", render::count(tier.streams)),
    );
    report.row(
        "Consumers",
        match limits.max_consumers {
            -1 => "Unlimited".into(),
            most => format!("Maximum {} per stream", render::number(most)),
        },
    );
    report.indent(0);
}

/// How far one of the servers is away.
struct Measured {
    url: String,
    address: String,
    /// `None` if it could not be reached.
    mean: Option<i64>,
    time: String,
}

/// `account tls`: nothing here speaks TLS.
pub async fn tls(call: Call) -> Outcome {
    call.connect().await?;
    Err("nats: connection is not tls".into())
}

/// `rtt`.
pub async fn rtt(call: Call) -> Outcome {
    let iterations = values::int(call.values.arg("iterations"))?.max(0);
    if let Err(failure @ Failure::Fatal(_)) = call.signer().await {
        return Err(failure);
    }
    let mut results: Vec<Measured> = Vec::new();
    for url in call.context.url().split(',') {
        let url = match url.contains("://") {
            true => url.to_string(),
            false => format!("nats://{url}"),
        };
        // Each address is tried by itself, without the login of the URL.
        let scheme = url.split_once("://").map_or("nats", |(scheme, _)| scheme);
        let address = format!("{scheme}://{}", split_url(&url).1);
        let time = call.now().rfc3339();
        let mean = match mean_rtt(&call, &address, iterations).await {
            Ok(mean) => Some(mean),
            Err(Failure::Error(error)) => {
                call.log(&format!("Failed to compute rtt for {address}: {error}"));
                None
            }
            Err(other) => return Err(other),
        };
        results.push(Measured {
            url,
            address,
            mean,
            time,
        });
    }
    if call.values.is("json") {
        let mut json = Writer::default();
        json.open_list();
        for result in &results {
            json.open().key("url").string(&result.url);
            json.key("results").open_list().open();
            json.key("time").string(&result.time);
            json.key("address").string(&result.address);
            json.key("rtt").int(result.mean.unwrap_or(0));
            // Known only once connected.
            json.key("url");
            json.string(match result.mean {
                Some(_) => &result.address,
                None => "",
            });
            json.close().close_list().close();
        }
        json.close_list();
        call.line(&indent(&json.finish()));
        return Ok(());
    }
    let longest = results.iter().map(|result| result.address.len()).max();
    let width = longest.unwrap_or(0) + 3;
    for Measured {
        url, address, mean, ..
    } in &results
    {
        let mean = mean.map_or_else(|| "failed".into(), human_duration);
        let address = filled(address, width, ' ');
        call.print(&format!("{url}:\n\n{address}: {mean}\n\n"));
    }
    Ok(())
}

async fn mean_rtt(call: &Call, address: &str, iterations: i64) -> Result<i64, Failure> {
    let trace = call.values.is("trace");
    if trace {
        call.log(&format!(">>> Connecting to {address}"));
    }
    let client = call.connect_to(address).await?;
    // natscli waits so long, too.
    call.session.runtime.sleep(25_000_000).await;
    if trace {
        call.line(&format!("RTT iterations for server: {address}"));
    }
    let mut total = 0;
    for number in 1..=iterations {
        let rtt = client.rtt().await?;
        total += rtt;
        if trace {
            call.line(&format!("#{number}:\trtt={}", human_duration(rtt)));
        }
    }
    if trace {
        call.line("");
    }
    Ok(total / iterations.max(1))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn passwords_are_not_shown() {
        for (url, shown) in [
            ("nats://u:p@localhost:4222", "nats://u:xxxxx@localhost:4222"),
            ("nats://u:p:q@localhost", "nats://u:xxxxx@localhost"),
            ("nats://:p@localhost", "nats://:xxxxx@localhost"),
            ("nats://u@localhost", "nats://u@localhost"),
            ("nats://localhost:4222", "nats://localhost:4222"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
