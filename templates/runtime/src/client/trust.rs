//! Which certificates of servers are taken: those that the system trusts, those of the authorities in `gitlab.ca_file`,
//! and the very ones that stand in it, as a server's own that nobody else has signed. The name is checked in any case.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use rustls_platform_verifier::Verifier;

use super::ClientError;
use super::connection::{read, unusable};
use crate::config::Connection;

/// What the system trusts, and these.
#[derive(Debug)]
struct Trust {
    usual: Verifier,
    own: Vec<CertificateDer<'static>>,
}

/// How to speak to a server whose certificate is trusted because of `ca_file`.
pub(super) fn config(
    provider: &Arc<CryptoProvider>,
    ca_file: &Path,
    said: &Connection,
) -> Result<ClientConfig, ClientError> {
    const KEY: &str = "gitlab.ca_file";
    let no_pem = || unusable(KEY, ca_file, "a certificate in PEM");
    let pem = read(KEY, ca_file)?;
    let own: Vec<_> = CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|_| no_pem())?;
    if own.is_empty() {
        return Err(no_pem());
    }
    let usual = Verifier::new_with_extra_roots(own.clone(), Arc::clone(provider)).map_err(|_| no_pem())?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(ClientError::Tls)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trust { usual, own }));
    let mut config = match &said.client_certificate {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let refused = || unusable("gitlab.client_cert", certificate, super::connection::IDENTITY);
            let chain = read("gitlab.client_cert", certificate)?;
            let chain =
                CertificateDer::pem_slice_iter(&chain).collect::<Result<_, _>>().map_err(|_| refused())?;
            let key =
                PrivateKeyDer::from_pem_slice(&read("gitlab.client_key", key)?).map_err(|_| refused())?;
            builder.with_client_auth_cert(chain, key).map_err(|_| refused())?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(error) = usual else { return usual };
        let is_named = self.own.iter().any(|own| own == end_entity);
        if !is_named || !is_only_unsigned(&error) {
            return Err(error);
        }
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// Whether nothing is wrong with a certificate but who signed it, or that it is an authority's itself. That it is valid
/// now was seen before that.
fn is_only_unsigned(error: &Error) -> bool {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => true,
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            format!("{other:?}").contains("CaUsedAsEndEntity")
        }
        _ => false,
    }
}
