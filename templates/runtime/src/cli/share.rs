//! Which part of a run is this one's: as the arguments say, or as the engine does that has started it.
//!
//! | engine | number | how many | the run |
//! | --- | --- | --- | --- |
//! | [GitLab CI, `parallel`](https://docs.gitlab.com/ci/variables/predefined_variables/) | `CI_NODE_INDEX`, from 1 | `CI_NODE_TOTAL` | `CI_PIPELINE_ID` |
//! | [Kubernetes, an Indexed Job](https://kubernetes.io/docs/tasks/job/indexed-parallel-processing-static/) | `JOB_COMPLETION_INDEX`, from 0 | `PIPELINE_SHARDS`, which the manifest sets | `PIPELINE_RUN`, the same |
//! | [Slurm, an array job](https://slurm.schedmd.com/job_array.html) | `SLURM_ARRAY_TASK_ID`, from `…_MIN` in steps of `…_STEP` | `SLURM_ARRAY_TASK_COUNT` | `SLURM_ARRAY_JOB_ID` |
//! | [AWS Batch, an array job](https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html) | `AWS_BATCH_JOB_ARRAY_INDEX`, from 0 | `AWS_BATCH_JOB_ARRAY_SIZE` | `AWS_BATCH_JOB_ID`, up to the colon |
//! | [Cloud Run, a job](https://docs.cloud.google.com/run/docs/container-contract#jobs-env-vars) | `CLOUD_RUN_TASK_INDEX`, from 0 | `CLOUD_RUN_TASK_COUNT` | `CLOUD_RUN_EXECUTION` |
//!
//! One of one is a whole run. So is `--shard 1/1`, for a job that an engine starts several of for a purpose of its own.

use clap::Args;

use super::CliError;
use super::tell::LogFormat;
use crate::config::Environment;
use crate::shard::{Shard, Share};

/// What our own manifests set where an engine does not say it.
const TOTAL: &str = "PIPELINE_SHARDS";
const RUN: &str = "PIPELINE_RUN";

#[derive(Debug, Args)]
pub(super) struct ShareArguments {
    /// Only the part I of N of the projects, on one of N machines; read unasked from what GitLab CI, Kubernetes, Slurm, AWS
    /// Batch and Cloud Run set
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// What all shards of one run call it; read unasked in the same way
    #[arg(long, value_name = "ID", requires = "shard")]
    run_id: Option<String>,
}

/// A shard, and who says so.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    share: Share,
    /// The variables; none where the arguments say it.
    variables: Option<[&'static str; 2]>,
}

/// How an engine says it.
struct Engine {
    index: &'static str,
    total: &'static str,
    run: &'static str,
    first: First,
}

/// What the first number is.
enum First {
    Is(u64),
    Stands { at: &'static str, step: &'static str },
}

const ENGINES: &[Engine] = &[
    Engine { index: "CI_NODE_INDEX", total: "CI_NODE_TOTAL", run: "CI_PIPELINE_ID", first: First::Is(1) },
    Engine { index: "JOB_COMPLETION_INDEX", total: TOTAL, run: RUN, first: First::Is(0) },
    Engine {
        index: "SLURM_ARRAY_TASK_ID",
        total: "SLURM_ARRAY_TASK_COUNT",
        run: "SLURM_ARRAY_JOB_ID",
        first: First::Stands { at: "SLURM_ARRAY_TASK_MIN", step: "SLURM_ARRAY_TASK_STEP" },
    },
    Engine {
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        total: "AWS_BATCH_JOB_ARRAY_SIZE",
        run: "AWS_BATCH_JOB_ID",
        first: First::Is(0),
    },
    Engine {
        index: "CLOUD_RUN_TASK_INDEX",
        total: "CLOUD_RUN_TASK_COUNT",
        run: "CLOUD_RUN_EXECUTION",
        first: First::Is(0),
    },
];

/// The part of the run, after it was said whose word that is; none where it is a whole one.
pub(super) fn announced(
    arguments: &ShareArguments,
    environment: &Environment,
    log: LogFormat,
) -> Result<Option<Share>, CliError> {
    let told = told(arguments, environment)?;
    if let Some(told) = &told {
        log.note(&told.note());
    }
    Ok(told.map(|told| told.share))
}

/// The part of the run; none where it is a whole one.
fn told(arguments: &ShareArguments, environment: &Environment) -> Result<Option<Told>, CliError> {
    let told = match arguments.shard {
        Some(shard) => {
            let run = arguments.run_id.clone().or_else(|| of(environment, RUN).map(str::to_owned));
            Some(Told { share: Share { shard, run }, variables: None })
        }
        None => told_by_engines(environment)?,
    };
    Ok(told.filter(|told| told.share.shard.of() > 1))
}

fn told_by_engines(environment: &Environment) -> Result<Option<Told>, CliError> {
    for engine in ENGINES {
        let Some(index) = of(environment, engine.index) else { continue };
        let variables = [engine.index, engine.total];
        let wrong = || CliError::Shard { variables };
        let total = of(environment, engine.total);
        // A job of one has a number as well.
        if total.is_none() && index == "0" {
            continue;
        }
        let total: u32 = total.and_then(|total| total.parse().ok()).ok_or_else(wrong)?;
        let number = |name: &str, usual: u64| of(environment, name).map_or(Ok(usual), str::parse::<u64>);
        let (first, step) = match engine.first {
            First::Is(first) => (first, 1),
            First::Stands { at, step } => {
                (number(at, 0).map_err(|_| wrong())?, number(step, 1).map_err(|_| wrong())?.max(1))
            }
        };
        let behind =
            index.parse::<u64>().ok().and_then(|index| index.checked_sub(first)).ok_or_else(wrong)?;
        // Of an array of numbers that do not follow each other nobody could say which place one has.
        let place = behind.is_multiple_of(step).then(|| u32::try_from(behind / step + 1).ok()).flatten();
        let shard = place.and_then(|place| Shard::new(place, total)).ok_or_else(wrong)?;
        let run = of(environment, RUN).or_else(|| of(environment, engine.run));
        let run = run.map(|run| run.split(':').next().unwrap_or(run).to_owned());
        return Ok(Some(Told { share: Share { shard, run }, variables: Some(variables) }));
    }
    Ok(None)
}

fn of<'e>(environment: &'e Environment, name: &str) -> Option<&'e str> {
    environment.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
}

impl Told {
    /// What a person is told, who may not have meant it.
    fn note(&self) -> String {
        let shard = self.share.shard;
        let run = self.share.run.as_ref().map(|run| format!(" of run `{}`", run.escape_debug()));
        let run = run.unwrap_or_default();
        match self.variables {
            None => format!("this is shard {shard}{run}"),
            Some([index, total]) => format!(
                "this is shard {shard}{run}, as `{index}` and `{total}` say; with `--shard 1/1` it is a whole run"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard_of(environment: &[(&str, &str)]) -> Result<Option<(String, Option<String>)>, String> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let told = told(&ShareArguments { shard: None, run_id: None }, &environment);
        told.map(|told| told.map(|told| (told.share.shard.to_string(), told.share.run)))
            .map_err(|error| error.to_string())
    }

    fn is(shard: &str, run: &str) -> Result<Option<(String, Option<String>)>, String> {
        Ok(Some((shard.to_owned(), (!run.is_empty()).then(|| run.to_owned()))))
    }

    #[test]
    fn every_engine_says_it_in_its_own_words() {
        type Case<'c> = (&'c [(&'c str, &'c str)], &'c str, &'c str);
        let cases: [Case<'_>; 6] = [
            (&[("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "8"), ("CI_PIPELINE_ID", "77")], "3/8", "77"),
            (&[("JOB_COMPLETION_INDEX", "0"), (TOTAL, "4"), (RUN, "gitlab-1")], "1/4", "gitlab-1"),
            (
                &[
                    ("SLURM_ARRAY_TASK_ID", "10"),
                    ("SLURM_ARRAY_TASK_MIN", "4"),
                    ("SLURM_ARRAY_TASK_STEP", "2"),
                    ("SLURM_ARRAY_TASK_COUNT", "4"),
                    ("SLURM_ARRAY_JOB_ID", "12"),
                ],
                "4/4",
                "12",
            ),
            (
                &[
                    ("AWS_BATCH_JOB_ARRAY_INDEX", "7"),
                    ("AWS_BATCH_JOB_ARRAY_SIZE", "8"),
                    ("AWS_BATCH_JOB_ID", "f0e1:7"),
                ],
                "8/8",
                "f0e1",
            ),
            (
                &[
                    ("CLOUD_RUN_TASK_INDEX", "1"),
                    ("CLOUD_RUN_TASK_COUNT", "2"),
                    ("CLOUD_RUN_EXECUTION", "load-x"),
                ],
                "2/2",
                "load-x",
            ),
            (&[("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_COUNT", "3")], "2/3", ""),
        ];
        for (environment, shard, run) in cases {
            assert_eq!(shard_of(environment), is(shard, run), "{environment:?}");
        }
    }

    #[test]
    fn one_of_one_is_a_whole_run_and_so_is_none() {
        for environment in [
            &[][..],
            &[("CI_NODE_TOTAL", "1")],
            &[("CI_NODE_INDEX", "1"), ("CI_NODE_TOTAL", "1")],
            &[("JOB_COMPLETION_INDEX", "0")],
            &[("CI_NODE_INDEX", ""), ("CI_NODE_TOTAL", "8")],
        ] {
            assert_eq!(shard_of(environment), Ok(None), "{environment:?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        for environment in [
            &[("JOB_COMPLETION_INDEX", "3")][..],
            &[("CI_NODE_INDEX", "9"), ("CI_NODE_TOTAL", "8")],
            &[("CI_NODE_INDEX", "x"), ("CI_NODE_TOTAL", "8")],
            &[("SLURM_ARRAY_TASK_ID", "9"), ("SLURM_ARRAY_TASK_MIN", "1"), ("SLURM_ARRAY_TASK_COUNT", "3")],
        ] {
            let said = shard_of(environment).unwrap_err();
            assert!(said.contains(environment[0].0), "{said}");
        }
    }

    #[test]
    fn the_arguments_come_first_and_whoever_did_not_mean_it_is_told() {
        let environment = [("CI_NODE_INDEX", "2"), ("CI_NODE_TOTAL", "5")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let note = told(&ShareArguments { shard: None, run_id: None }, &environment).unwrap().unwrap().note();
        assert!(note.contains("shard 2/5") && note.contains("`CI_NODE_INDEX`"), "{note}");
        assert!(note.contains("--shard 1/1"), "{note}");
        let arguments =
            |text: &str| ShareArguments { shard: text.parse().ok(), run_id: Some("r".to_owned()) };
        let note = told(&arguments("3/8"), &environment).unwrap().unwrap().note();
        assert_eq!(note, "this is shard 3/8 of run `r`");
        assert_eq!(told(&arguments("1/1"), &environment).unwrap(), None);
    }
}
