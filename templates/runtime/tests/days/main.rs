//! Thirty days of hourly runs against a GitLab that changes all the time: what runs leave for later comes with the next
//! refresh, and at the end of each day the tables hold what GitLab holds.
//!
//! The clock is that of the test; the definitions are of the core preset.
#![cfg(feature = "sqlite")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

mod changes;
mod pipeline;
#[rustfmt::skip] // They are written as they are.
#[path = "../../../../generated-example/src/resources/mod.rs"]
#[allow(dead_code, unreachable_pub, clippy::needless_update, reason = "the definitions of another crate, as they are")]
mod resources;
mod tables;

use changes::Changes;
use pipeline::Pipeline;
use sample_gitlab::{Moment, SampleServer, Settings, Size, World};

const DAYS: i64 = 30;
const HOUR: i64 = 3_600_000;

/// Refreshes of the day are over; what changes now is found by the next day's.
const LAST_HOURS: std::ops::RangeInclusive<i64> = 23..=24;

const USUAL: &str = "[load]\nmark_deleted = true\nnested_lists = 'json'\n";
const EVERYTHING: &str =
    "[extract]\nask_for_everything = true\n[load]\nrefresh_every = '0'\nnested_lists = 'json'\n";

fn size() -> Size {
    Size {
        projects: 5,
        peculiar: false,
        issues: 4,
        merge_requests: 3,
        pipelines: 3,
        jobs_per_pipeline: 1,
        commits: 4,
        branches: 2,
        tags: 1,
        releases: 1,
        events: 4,
        deployments: 2,
        handful: 1,
        ..Size::small()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_each_day_the_tables_hold_what_gitlab_holds() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let world = World::new(size()).before(1);
    let server = SampleServer::start(world, Settings::default()).unwrap();
    let mut changes = Changes::new(seed, &size());
    let begun = Moment::NOW.plus(HOUR);
    let hourly = Pipeline::new(&server, USUAL);
    hourly.run(begun).await;
    server.clear_log();
    for day in 0..DAYS {
        for hour in 1..=24 {
            let now = begun.plus((day * 24 + hour) * HOUR);
            if !LAST_HOURS.contains(&hour) {
                changes.happen(server.world(), now);
            }
            if hour == 24 {
                changes.come_back(server.world());
            }
            hourly.run(now).await;
            hourly.has(&changes.active(), now);
        }
        let end = begun.plus((day + 1) * 24 * HOUR);
        let asked = server.log().len();
        let anew = Pipeline::new(&server, EVERYTHING);
        anew.run(end).await;
        tables::compare(
            &hourly.tables(&changes, end),
            &anew.tables(&changes, end),
            &format!("seed {seed}, day {}", day + 1),
        );
        let each_time = server.log().len() - asked;
        assert!(
            asked < each_time * 24 / 5,
            "{asked} requests on day {day}, where {each_time} ask for everything"
        );
        server.clear_log();
    }
}
