//! Which service, as whom, and what is said when it does not let in.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::json;

use super::super::dataset::Dataset as Tables;
use super::super::job::Query;
use super::super::settings::Settings;
use super::*;
use crate::destination::DestinationError;

/// A server that gives its answers in their order, each a status and a body, and then ends.
fn scripted(answers: Vec<(u16, Value)>) -> (String, std::thread::JoinHandle<Vec<(String, String)>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let answer = |(status, body): (u16, Value)| {
            let (mut stream, _) = listener.accept().unwrap();
            let asked = read(&stream);
            let body = body.to_string();
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
            asked
        };
        answers.into_iter().map(answer).collect()
    });
    (address, served)
}

/// Head and body of a request.
fn read(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn refused(status: u16, reason: &str, message: &str) -> (u16, Value) {
    let errors = json!([{ "reason": reason, "message": message }]);
    (status, json!({ "error": { "code": status, "message": message, "errors": errors } }))
}

/// The error, with what it says of its cause.
fn told(error: &DestinationError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}

fn of(endpoint: &str, toml: &str, more: &[(&str, &str)]) -> Result<Box<dyn Destination>> {
    let environment = [("BIGQUERY_EMULATOR_HOST", endpoint), ("BIGQUERY_PROJECT", "my-project")];
    let environment: Vec<_> = environment.into_iter().chain(more.iter().copied()).collect();
    opened(&configured(toml, &environment))
}

#[test]
fn a_service_account_signs_for_a_token_that_is_used_until_it_ends() {
    let (key, public) = Server::service_account_key();
    let (token_uri, tokens) = scripted(vec![
        (200, json!({ "access_token": "first", "expires_in": 3600 })),
        (200, json!({ "access_token": "second", "expires_in": 3600 })),
    ]);
    let file = json!({
        "type": "service_account", "project_id": "of-the-key", "private_key_id": "k1", "private_key": key,
        "client_email": "loader@of-the-key.iam.gserviceaccount.com", "token_uri": token_uri,
    });
    let credentials = super::super::credentials::Credentials::parse(&file.to_string()).unwrap();
    assert_eq!(credentials.project(), Some("of-the-key"));
    let (endpoint, asked) = scripted(vec![
        (200, json!({ "location": "EU" })),
        refused(401, "authError", "Invalid Credentials"),
        (200, json!({ "tables": [] })),
    ]);
    let client = super::super::client::Client::new(&endpoint, credentials).unwrap();
    let get = |path: &[&str]| {
        let request = super::super::client::Request::new(reqwest::Method::GET, path.iter().copied());
        client.send(request).unwrap()
    };
    get(&["projects", "p", "datasets", "d"]);
    get(&["projects", "p", "datasets", "d", "tables"]);
    let used: Vec<bool> =
        asked.join().unwrap().iter().map(|(head, _)| head.contains("Bearer first")).collect();
    assert_eq!(used, [true, true, false]);

    let (_, form) = &tokens.join().unwrap()[0];
    let assertion = form.rsplit_once("assertion=").unwrap().1;
    let [header, claims, signature] = assertion.split('.').collect::<Vec<_>>()[..] else { panic!("{form}") };
    let plain = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let public: String = public.lines().filter(|line| !line.starts_with('-')).collect();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, BASE64_STANDARD.decode(public).unwrap());
    public.verify(format!("{header}.{claims}").as_bytes(), &plain(signature)).unwrap();
    let claims: Value = serde_json::from_slice(&plain(claims)).unwrap();
    assert_eq!(claims["iss"], "loader@of-the-key.iam.gserviceaccount.com");
    assert_eq!(claims["aud"], token_uri);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);
    assert!(claims["scope"].as_str().unwrap().ends_with("/auth/bigquery"));
}

#[test]
fn who_may_not_is_told_what_is_missing() {
    let denied = "Access Denied: Project my-project: User does not have bigquery.jobs.create permission";
    let (endpoint, _) = scripted(vec![refused(403, "accessDenied", denied)]);
    let error = of(&endpoint, "", &[("GOOGLE_BEARER_TOKEN", "ya29.secret")]).unwrap().probe().unwrap_err();
    let said = told(&error);
    assert!(matches!(error, DestinationError::Denied { .. }), "{said}");
    assert!(
        said.contains("`gitlab` of project `my-project`") && said.contains("bigquery.jobs.create"),
        "{said}"
    );
    assert!(!said.contains("ya29") && error.hint().is_some(), "{said}");

    let gone = refused(404, "notFound", "Not found: Project my-project");
    let (endpoint, _) = scripted(vec![gone.clone(), gone]);
    let error = of(&endpoint, "", &[]).unwrap().probe().unwrap_err();
    assert!(matches!(error, DestinationError::Missing { .. }), "{}", told(&error));

    let (endpoint, _) = scripted(vec![
        refused(404, "notFound", "Not found: Dataset my-project:gitlab"),
        refused(403, "accessDenied", "Access Denied: User does not have bigquery.datasets.create permission"),
    ]);
    let said = told(&of(&endpoint, "", &[]).unwrap().probe().unwrap_err());
    assert!(said.contains("to make the dataset") && said.contains("bigquery.datasets.create"), "{said}");
}

#[test]
fn what_passes_by_itself_is_asked_again() {
    let (endpoint, asked) = scripted(vec![
        refused(503, "backendError", "Error encountered during execution. Retrying may solve the problem."),
        refused(403, "rateLimitExceeded", "Exceeded rate limits: too many api requests per user per method"),
        refused(404, "notFound", "Not found: Dataset my-project:gitlab"),
    ]);
    assert_eq!(of(&endpoint, "", &[]).unwrap().loads(1).unwrap(), []);
    assert_eq!(asked.join().unwrap().len(), 3);
    let free = test_servers::free_port();
    let error = opened(&configured("[destination.bigquery]\nproject = 'p'\nendpoint = 'ftp://x'", &[]))
        .err()
        .unwrap();
    assert!(matches!(error, DestinationError::Config(_)), "port {free}: {error}");
}

fn tables_of(endpoint: &str) -> Tables {
    let environment = [("BIGQUERY_EMULATOR_HOST", endpoint), ("BIGQUERY_PROJECT", "my-project")];
    Tables::new(Settings::read(&configured("", &environment)).unwrap()).unwrap()
}

fn failed(reason: &str, message: &str) -> (u16, Value) {
    let error = json!({ "reason": reason, "message": message });
    (200, json!({ "status": { "state": "DONE", "errorResult": error } }))
}

/// The ids of the jobs that were sent.
fn sent(asked: &[(String, String)]) -> Vec<String> {
    let body = |(_, body): &(String, String)| {
        let start = body.find("{")?;
        let body = serde_json::Deserializer::from_str(&body[start..]).into_iter::<Value>().next()?.unwrap();
        Some(body["jobReference"]["jobId"].as_str().unwrap().to_owned())
    };
    asked.iter().filter_map(body).collect()
}

#[test]
fn a_query_that_another_was_in_the_way_of_is_run_again_as_another_job() {
    let message = "Transaction is aborted due to concurrent update against table my-project:gitlab._lease";
    let (endpoint, asked) = scripted(vec![
        (200, json!({})),
        refused(400, "invalidQuery", message),
        failed("invalidQuery", message),
        (200, json!({})),
        (200, json!({ "jobComplete": true, "numDmlAffectedRows": "1" })),
    ]);
    assert_eq!(tables_of(&endpoint).query(&Query::new("SELECT 1")).unwrap().affected, 1);
    let sent = sent(&asked.join().unwrap());
    assert_eq!(sent[1], format!("{}-1", sent[0]));
}

/// It may have been run, and what is run twice is there twice.
#[test]
fn a_job_of_which_nothing_is_known_is_asked_for_by_the_same_id() {
    let (endpoint, asked) = scripted(vec![
        refused(503, "backendError", "Error encountered during execution. Retrying may solve the problem."),
        refused(409, "duplicate", "Already Exists: Job my-project:the-id"),
        failed("internalError", "An internal error occurred and the request could not be completed."),
        (200, json!({})),
        (200, json!({ "status": { "state": "DONE" }, "statistics": { "load": { "outputRows": "2" } } })),
    ]);
    assert_eq!(tables_of(&endpoint).load("the-id", "t", &[], b"PAR1").unwrap(), 2);
    assert_eq!(sent(&asked.join().unwrap()), ["the-id", "the-id", "the-id-1"]);
}

#[test]
fn a_credential_goes_to_nobody_without_encryption() {
    let file =
        json!({ "type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r" });
    let key = file.to_string();
    let (endpoint, asked) = scripted(vec![refused(404, "notFound", "Not found: Dataset my-project:gitlab")]);
    let with_key = [("GOOGLE_SERVICE_ACCOUNT_KEY", key.as_str())];
    assert_eq!(of(&endpoint, "", &with_key).unwrap().loads(1).unwrap(), []);
    assert!(!asked.join().unwrap()[0].0.to_ascii_lowercase().contains("authorization"));
}

#[test]
fn settings_that_cannot_be_are_refused_by_name() {
    let refused = |toml: &str, environment: &[(&str, &str)]| {
        let Err(error) = opened(&configured(toml, environment)) else { panic!("{toml}") };
        told(&error)
    };
    let project = [("GOOGLE_CLOUD_PROJECT", "p")];
    let emulator = [("BIGQUERY_EMULATOR_HOST", "localhost:1")];
    assert!(refused("", &emulator).contains("destination.bigquery.project"));
    assert!(refused("dataset = 'a-b'", &project).contains("destination.dataset"));
    assert!(refused("[destination.bigquery]\nuploads = 0", &project).contains("uploads"));
    assert!(
        refused("[destination.bigquery]\ngoogle_service_account_key = 'x'", &project)
            .contains("destination.bigquery.google_service_account_key")
    );
    let with = |key: &str| refused("", &[("GOOGLE_CLOUD_PROJECT", "p"), ("GOOGLE_SERVICE_ACCOUNT_KEY", key)]);
    assert!(with("hidden").contains("the JSON of a key") && !with("hidden").contains("hidden"));
    assert!(with(r#"{"type":"external_account"}"#).contains("authorized_user"));
    let half = r#"{"type":"service_account","client_email":"e","private_key":"hidden"}"#;
    assert!(with(half).contains("RSA key in PEM") && !with(half).contains("hidden"));
    let file = [("GOOGLE_CLOUD_PROJECT", "p"), ("GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file")];
    assert!(refused("", &file).contains("/no/such/file"));
}
