//! What ties a password to the connection that it is sent on: a hash of the server's certificate (RFC 5929,
//! `tls-server-end-point`). Somebody between the two, with another certificate, cannot pass the password on.

use rustls::SupportedCipherSuite;
use rustls::crypto::ring::cipher_suite::{TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384};

/// Algorithms that sign certificates, in DER: RSA's and those on elliptic curves, up to their last number.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];

/// The hash of a certificate in DER, by the function that its signature was made with; `None` where that is another than
/// these, and nothing is tied.
pub(super) fn of_certificate(certificate: &[u8]) -> Option<Vec<u8>> {
    let (fields, _) = element(certificate)?;
    let (_, after_body) = element(fields)?;
    let (algorithm, _) = element(after_body)?;
    let (name, _) = element(algorithm)?;
    let suite = match (name.strip_prefix(RSA), name.strip_prefix(ECDSA)) {
        // For MD5 and SHA-1, it is SHA-256 all the same.
        (Some([4 | 5 | 11]), _) | (_, Some([1] | [3, 2])) => TLS13_AES_128_GCM_SHA256,
        (Some([12]), _) | (_, Some([3, 3])) => TLS13_AES_256_GCM_SHA384,
        _ => return None,
    };
    let SupportedCipherSuite::Tls13(suite) = suite else { return None };
    Some(suite.common.hash_provider.hash(certificate).as_ref().to_vec())
}

/// The content of the first element, and what comes after it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        let length = digits
            .iter()
            .try_fold(0_usize, |length, digit| length.checked_mul(256)?.checked_add(usize::from(*digit)))?;
        (length, rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_ties_nothing() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x89, 1, 2, 3], b"PEM"]
        {
            assert_eq!(of_certificate(bytes), None);
        }
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        use rcgen::{
            CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
        };
        for (algorithm, length) in
            [(&PKCS_ECDSA_P256_SHA256, Some(32)), (&PKCS_ECDSA_P384_SHA384, Some(48)), (&PKCS_ED25519, None)]
        {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
            assert_eq!(of_certificate(certificate.der()).map(|hash| hash.len()), length);
        }
    }
}
