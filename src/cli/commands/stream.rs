//! `nats stream`: streams and their messages.

use crate::{
    cli::render::{self, columns::Columns},
    client::types::ClusterInfo,
};

/// The section about where a stream or consumer lives.
pub fn cluster(report: &mut Columns, cluster: &ClusterInfo) {
    report.title("Cluster Information");
    report.row("Name", cluster.name.as_str());
    report.row("Leader", cluster.leader.as_str());
    for replica in &cluster.replicas {
        let mut state = vec![replica.name.clone()];
        state.push(
            if replica.current {
                "current"
            } else {
                "outdated"
            }
            .into(),
        );
        if replica.offline {
            state.push("OFFLINE".into());
        }
        state.push(match replica.active {
            ..=0 => "not seen".into(),
            ns => format!("seen {} ago", render::human_duration(ns)),
        });
        match replica.lag {
            0 => {}
            1 => state.push("1 operation behind".into()),
            lag => state.push(format!("{} operations behind", render::count(lag))),
        }
        report.row("Replica", state.join(", "));
    }
}
