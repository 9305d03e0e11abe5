//! What a benchmark came to, in figures.

use super::*;

/// ns as `1,234.56us`, cut.
pub(super) fn micros(ns: i64) -> String {
    format!("{}.{:02}us", number(ns / 1000), ns % 1000 / 10)
}

/// The value that a fraction (in thousandths) of sorted values does not exceed.
pub(super) fn percentile(sorted: &[i64], thousandths: usize) -> i64 {
    let rank = (sorted.len() * thousandths).div_ceil(1000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

pub(super) fn mean(values: &[i64]) -> i64 {
    match values.len() {
        0 => 0,
        count => (values.iter().map(|v| i128::from(*v)).sum::<i128>() / count as i128) as i64,
    }
}

pub(super) fn deviation(values: &[f64]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / count).sqrt()
}

pub(super) fn rate_text(rate: f64, size: i64) -> String {
    let bytes = render::size((rate * size as f64) as u64);
    format!("{} msgs/sec ~ {bytes}/sec", number(rate as i64))
}

pub(super) fn percentiles(sorted: &[i64], mark: &str) -> String {
    let at = |thousandths| micros(percentile(sorted, thousandths));
    format!("P50{mark} {}", at(500))
        + &[("P90", 900), ("P99", 990)]
            .map(|(name, t)| format!("{}{name}{mark} {}", separator(mark), at(t)))
            .concat()
        + &format!("{}P99.9: {}", separator(mark), at(999))
}

pub(super) fn separator(mark: &str) -> &'static str {
    if mark.is_empty() { " | " } else { " ~ " }
}

pub(super) fn one_line(sample: &Sample, size: i64) -> String {
    let mut text = rate_text(sample.rate(), size);
    let mut sorted = sample.latencies.clone();
    sorted.sort_unstable();
    if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
        let average = micros(mean(&sorted));
        text.push_str(&format!(
            " ~ min: {} ~ avg: {average} ~ max: {}",
            micros(*least),
            micros(*most)
        ));
        text.push_str(&format!(" ~ {}", percentiles(&sorted, ":")));
    }
    text
}

/// The figures of each client as a line of a table.
fn csv(run: &str, plan: &Plan, samples: &[Sample]) -> String {
    let mut csv =
        "#RunID,ClientID,MsgCount,MsgBytes,MsgsPerSec,BytesPerSec,DurationSecs".to_string();
    if samples.iter().any(|sample| !sample.latencies.is_empty()) {
        for name in ["Min", "Avg", "Max", "P50", "P90", "P99", "P99.9", "StdDev"] {
            csv.push_str(&format!(",{name}LatencyMicroSecs"));
        }
    }
    let side = if plan.kind.writes() { 'P' } else { 'S' };
    for (index, sample) in samples.iter().enumerate() {
        let seconds = (sample.ended - sample.started).max(1) as f64 / 1e9;
        let (messages, bytes) = (sample.messages, sample.messages * plan.size);
        csv.push_str(&format!(
            "\n{run},{side}{index},{messages},{bytes},{},{:.6},{seconds:.6}",
            sample.rate() as i64,
            bytes as f64 / seconds
        ));
        let mut sorted = sample.latencies.clone();
        sorted.sort_unstable();
        if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
            let spread = deviation(&sorted.iter().map(|ns| *ns as f64).collect::<Vec<_>>());
            let figures = [*least, mean(&sorted), *most]
                .into_iter()
                .chain([500, 900, 990, 999].map(|share| percentile(&sorted, share)))
                .chain([spread as i64]);
            for ns in figures {
                csv.push_str(&format!(",{:.6}", ns as f64 / 1000.0));
            }
        }
    }
    csv + "\n"
}

pub(super) fn results_text(call: &Call, plan: &Plan, mut samples: Vec<Sample>) -> Outcome {
    let label = plan.kind.label();
    samples.sort_by_key(|s| s.ended);
    call.line("");
    if samples.is_empty() {
        call.line("No publisher or subscribers. Nothing to report.");
    } else if let [sample] = samples.as_slice() {
        call.print(&format!(
            "NATS {label} stats: {}\n\n",
            one_line(sample, plan.size)
        ));
    } else {
        for (index, sample) in samples.iter().enumerate() {
            let line = one_line(sample, plan.size);
            call.line(&format!(
                "  [{}] {line} ({} msgs)",
                index + 1,
                number(sample.messages)
            ));
        }
        let started = samples.iter().map(|s| s.started).min().unwrap_or(0);
        let ended = samples.iter().map(|s| s.ended).max().unwrap_or(0);
        let messages = samples.iter().map(|s| s.messages).sum();
        let whole = Sample {
            messages,
            started,
            ended,
            latencies: Vec::new(),
        };
        call.print(&format!(
            "\n NATS {label} aggregated stats: {}\n",
            rate_text(whole.rate(), plan.size)
        ));
        let rates: Vec<f64> = samples.iter().map(Sample::rate).collect();
        let (least, most) = rates
            .iter()
            .fold((f64::MAX, 0f64), |(a, b), r| (a.min(*r), b.max(*r)));
        let average = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        call.line(&format!(
            " message rates min {} | avg {} | max {} | stddev {} msgs",
            number(least as i64),
            number(average as i64),
            number(most as i64),
            number(deviation(&rates) as i64)
        ));
        let mut sorted: Vec<i64> = samples
            .iter()
            .flat_map(|s| s.latencies.iter().copied())
            .collect();
        sorted.sort_unstable();
        if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
            let spread = deviation(&sorted.iter().map(|ns| *ns as f64).collect::<Vec<_>>());
            call.line(&format!(
                " latencies per operation min {} | avg {} | max {} | stddev {} | {}",
                micros(*least),
                micros(mean(&sorted)),
                micros(*most),
                micros(spread as i64),
                percentiles(&sorted, "")
            ));
        }
        call.line("");
    }
    let path = call.values.text("csv");
    if !path.is_empty() {
        let csv = csv(&crate::cli::commands::nuid(&call.session), plan, &samples);
        let written = call.session.io.files().write(path, csv.as_bytes());
        written.map_err(|e| format!("writing file {path}: open {path}: {}", e.text()))?;
        call.line(&format!("Saved metric data in csv file {path}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_cut() {
        assert_eq!(micros(18_609), "18.60us");
        assert_eq!(micros(4_517_000), "4,517.00us");
        assert_eq!(percentile(&[1, 2, 3, 4], 500), 2);
        assert_eq!(percentile(&[1, 2, 3, 4], 999), 4);
        assert_eq!(
            percentiles(&[1000], ":"),
            "P50: 1.00us ~ P90: 1.00us ~ P99: 1.00us ~ P99.9: 1.00us"
        );
        assert_eq!(
            percentiles(&[1000], ""),
            "P50 1.00us | P90 1.00us | P99 1.00us | P99.9: 1.00us"
        );
    }
}
