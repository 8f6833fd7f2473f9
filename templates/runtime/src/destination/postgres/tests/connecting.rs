//! Which server, as whom, and how it is known to be that one.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::*;

/// The error, with what it says of its cause.
fn refused(config: &config::Destination) -> (DestinationError, String) {
    let Err(error) = opened(config) else { panic!("it was let in") };
    let mut said = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        said.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    (error, said)
}

#[test]
fn settings_stand_above_a_url_and_that_above_the_variables_of_psql() {
    let server = server();
    let (port, password) = (server.port().to_string(), "it%27s%20a%20secret%3A%20100%25");
    let url = format!(
        "postgres://{}:{password}@127.0.0.1:{port}/{}?sslmode=prefer",
        Server::USER,
        Server::DATABASE
    );
    let nowhere =
        [("PGHOST", "nowhere.invalid"), ("PGPORT", "1"), ("PGUSER", "nobody"), ("PGPASSWORD", "wrong")];
    let with_url: Vec<_> = nowhere.into_iter().chain([("DATABASE_URL", url.as_str())]).collect();
    let place = opened(&configured("", &with_url)).unwrap().place();
    assert_eq!(place, format!("PostgreSQL schema `gitlab` of database `warehouse` at 127.0.0.1:{port}"));

    let said = format!(
        "[destination.postgres]\nhost = '127.0.0.1'\nport = {port}\nuser = 'tester'\ndatabase = 'warehouse'"
    );
    let variables = [
        ("PGHOST", "nowhere.invalid"),
        ("PGPASSWORD", Server::PASSWORD),
        ("DATABASE_URL", "postgres://x@y.invalid/z"),
    ];
    opened(&configured(&said, &variables)).unwrap();

    let socket = format!(
        "[destination.postgres]\nhost = '{}'\nport = {port}\nsslmode = 'verify-full'",
        server.socket().display()
    );
    let variables =
        [("PGUSER", Server::USER), ("PGPASSWORD", Server::PASSWORD), ("PGDATABASE", Server::DATABASE)];
    opened(&configured(&socket, &variables)).unwrap();
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let server = server();
    let port = server.port().to_string();
    let of = |user: &str, password: &str, database: &str, port: &str| {
        configured(
            "",
            &[
                ("PGHOST", "127.0.0.1"),
                ("PGPORT", port),
                ("PGUSER", user),
                ("PGPASSWORD", password),
                ("PGDATABASE", database),
            ],
        )
    };
    let (error, said) = refused(&of(Server::USER, "open sesame", Server::DATABASE, &port));
    assert!(matches!(error, DestinationError::Unknown { .. }), "{said}");
    assert!(said.contains("`tester`") && !said.contains("sesame"), "{said}");
    let (error, said) = refused(&of(Server::USER, "", Server::DATABASE, &port));
    assert!(matches!(error, DestinationError::Unknown { .. }) && said.contains("password"), "{said}");
    let (error, said) = refused(&of(Server::USER, Server::PASSWORD, "no such place", &port));
    assert!(matches!(error, DestinationError::Missing { .. }) && said.contains("no such place"), "{said}");
    let free = test_servers::free_port().to_string();
    let (error, said) = refused(&of(Server::USER, Server::PASSWORD, Server::DATABASE, &free));
    assert!(matches!(error, DestinationError::Unreachable { .. }), "{said}");
    assert!(error.hint().is_some());
}

#[test]
fn what_is_not_allowed_is_named() {
    let dataset = Dataset::new();
    let server = &dataset.server;
    server.psql("DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN PASSWORD 'guest'");
    let guest = || {
        let port = server.port().to_string();
        let environment = [
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", port.as_str()),
            ("PGUSER", "guest"),
            ("PGPASSWORD", "guest"),
            ("PGDATABASE", "warehouse"),
        ];
        opened(&configured(&format!("dataset = {}", json!(dataset.name)), &environment)).unwrap()
    };
    let error = guest().probe().unwrap_err();
    assert!(error.to_string().contains("does not allow `guest` to make the schema"), "{error}");
    assert!(error.hint().is_some());
    dataset.load().close().unwrap();
    server.psql(&format!("GRANT USAGE ON SCHEMA {} TO guest", quoted(&dataset.name)));
    let error = guest().probe().unwrap_err();
    assert!(error.to_string().contains("does not allow `guest` to make a table in the schema"), "{error}");
    server.psql(&format!("REVOKE ALL ON SCHEMA {} FROM guest", quoted(&dataset.name)));
}

#[test]
fn secrets_stay_out_of_config_toml() {
    for secret in ["password = 'x'", "url = 'postgres://a:b@c/d'"] {
        let config = configured(&format!("[destination.postgres]\n{secret}"), &[]);
        let Err(DestinationError::Config(error)) = opened(&config) else { panic!("{secret}") };
        assert!(error.to_string().contains("destination.postgres."), "{error}");
    }
    let config = configured("", &[("DATABASE_URL", "mysql://a:hidden@c/d")]);
    let (error, said) = refused(&config);
    assert!(matches!(error, DestinationError::Config(_)) && !said.contains("hidden"), "{said}");
    let config = configured(&format!("dataset = '{}'", "x".repeat(64)), &[]);
    assert!(refused(&config).1.contains("at most 63 bytes"));
    let config = configured("[destination.postgres]\nsslmode = 'strict'", &[]);
    assert!(refused(&config).1.contains("sslmode"));
}

/// Certificates: of an authority, of a server that it signed for `localhost`, and one that signed itself.
struct Certificates {
    authority: String,
    server: String,
    key: String,
    stranger: String,
}

impl Certificates {
    fn new() -> Self {
        let authority = || {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
        };
        let (issuer, key) = (authority(), KeyPair::generate().unwrap());
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let server = params.signed_by(&key, &issuer).unwrap();
        let stranger = authority().pem();
        Self { authority: issuer.pem(), server: server.pem(), key: key.serialize_pem(), stranger }
    }
}

#[test]
fn tls_goes_as_far_as_sslmode_says() {
    let certificates = Certificates::new();
    let server = Server::start_with_tls((&certificates.server, &certificates.key));
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(folder.path().join("ca.pem"), &certificates.authority).unwrap();
    std::fs::write(folder.path().join("other.pem"), &certificates.stranger).unwrap();
    std::fs::write(folder.path().join("no.pem"), "nothing").unwrap();
    let port = server.port().to_string();
    let config = |host: &str, mode: &str, roots: Option<&str>| {
        let roots = roots.map(|roots| format!("sslrootcert = '{roots}'")).unwrap_or_default();
        let toml =
            format!("[destination]\nkind = 'postgres'\n[destination.postgres]\nsslmode = '{mode}'\n{roots}");
        std::fs::write(&path, toml).unwrap();
        let environment = [
            ("PGHOST", host),
            ("PGPORT", &port),
            ("PGUSER", Server::USER),
            ("PGPASSWORD", Server::PASSWORD),
            ("PGDATABASE", Server::DATABASE),
        ];
        setting::loaded(&path, &environment)
    };
    let is_secured = |config: &config::Destination| {
        let postgres = super::super::Postgres::open(config).unwrap();
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        postgres.session.row(sql, &[]).unwrap().get::<_, bool>(0)
    };
    for (host, mode, roots, expected) in [
        ("localhost", "disable", None, false),
        ("localhost", "prefer", None, true),
        ("127.0.0.1", "require", None, true),
        ("127.0.0.1", "require", Some("ca.pem"), true),
        ("127.0.0.1", "verify-ca", Some("ca.pem"), true),
        ("localhost", "verify-full", Some("ca.pem"), true),
    ] {
        assert_eq!(is_secured(&config(host, mode, roots)), expected, "{host} {mode} {roots:?}");
    }
    for (host, mode, roots, reason) in [
        ("127.0.0.1", "verify-full", Some("ca.pem"), "127.0.0.1"),
        ("localhost", "verify-full", Some("other.pem"), "certificate"),
        ("localhost", "require", Some("other.pem"), "certificate"),
        ("localhost", "verify-ca", None, "certificate"),
        ("localhost", "verify-full", Some("system"), "certificate"),
        ("localhost", "verify-full", Some("no.pem"), "no certificate in PEM"),
        ("localhost", "verify-full", Some("missing.pem"), "missing.pem"),
    ] {
        let (_, said) = refused(&config(host, mode, roots));
        assert!(said.contains(reason), "{host} {mode} {roots:?}: {said}");
    }
    let mut load = opened(&config("localhost", "verify-full", Some("ca.pem")))
        .unwrap()
        .open_load(&Claim::new("test"))
        .unwrap();
    let rows = TableRows::of("t", &["id"], &[("id", ColumnKind::Int)], &[json!([1])]);
    load.prepare(&[create(&rows)], "l").unwrap();
    let id = write(load.as_mut(), &rows, &Mode::Merge);
    commit(load.as_mut(), &id, &[]).unwrap();
    assert_eq!(server.psql("SELECT id FROM gitlab.t"), "1");
}

#[test]
fn a_password_is_tied_to_the_connection() {
    let certificates = Certificates::new();
    let server = Server::start_with_tls((&certificates.server, &certificates.key));
    let port = server.port();
    let of = |more: &str| {
        let url = format!("postgres://tester@localhost:{port}/warehouse?{more}");
        configured("", &[("DATABASE_URL", url.as_str()), ("PGPASSWORD", Server::PASSWORD)])
    };
    opened(&of("sslmode=require&channel_binding=require")).unwrap();
    let (error, said) = refused(&of("sslmode=disable&channel_binding=require"));
    assert!(matches!(error, DestinationError::Unknown { .. }), "{said}");
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_required() {
    let server = server();
    let port = server.port().to_string();
    let of = |mode: &str| {
        let url = format!("postgres://tester@127.0.0.1:{port}/warehouse?sslmode={mode}");
        configured("", &[("DATABASE_URL", url.as_str()), ("PGPASSWORD", Server::PASSWORD)])
    };
    opened(&of("prefer")).unwrap();
    for mode in ["require", "verify-full"] {
        let (error, said) = refused(&of(mode));
        assert!(matches!(error, DestinationError::Unreachable { .. }) && said.contains("TLS"), "{said}");
    }
}
