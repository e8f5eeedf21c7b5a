//! Making private keys and certificates as sprig does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gitops_template::{Certificate, CertificateRequest, KeyKind};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize, SanType, SerialNumber,
};
use time::{Duration, OffsetDateTime};

/// Bytes of a line of PEM.
const LINE: usize = 64;

/// Tags of ASN.1.
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// The object identifier of the curve P-256 as the parameters of an elliptic key.
const P256: &[u8] = &[0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

pub(super) fn private_key(kind: KeyKind) -> Result<String, String> {
    let pair = match kind {
        KeyKind::Rsa => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        KeyKind::Ecdsa => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyKind::Ed25519 => KeyPair::generate_for(&PKCS_ED25519),
        KeyKind::Dsa => return Err("failed to generate private key: DSA keys are not made here".to_owned()),
    };
    key_text(&pair.map_err(|error| format!("failed to generate private key: {error}"))?)
}

pub(super) fn certificate(request: &CertificateRequest) -> Result<Certificate, String> {
    let pair = match &request.key {
        Some(key) => KeyPair::from_pem(key).map_err(|error| format!("parsing private key: {error}"))?,
        None => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
            .map_err(|error| format!("error generating rsa key: {error}"))?,
    };
    let parameters = parameters(request)?;
    let signed = match &request.signer {
        None => parameters.self_signed(&pair),
        Some(signer) => {
            let key = KeyPair::from_pem(&signer.key).map_err(|error| format!("error parsing private key: {error}"))?;
            let issuer = Issuer::from_ca_cert_pem(&signer.certificate, key)
                .map_err(|error| format!("error parsing certificate: decodedSignerCert.Bytes: {error}"))?;
            parameters.signed_by(&pair, &issuer)
        }
    };
    let signed = signed.map_err(|error| format!("error creating certificate: {error}"))?;
    Ok(Certificate { certificate: armour("CERTIFICATE", signed.der()), key: key_text(&pair)? })
}

fn parameters(request: &CertificateRequest) -> Result<CertificateParams, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("error creating certificate: {error}");
    let mut parameters = CertificateParams::default();
    parameters.not_before = OffsetDateTime::from_unix_timestamp(request.from).map_err(|error| wrong(&error))?;
    parameters.not_after = parameters
        .not_before
        .checked_add(Duration::seconds(request.days.saturating_mul(86_400)))
        .ok_or_else(|| wrong(&"it would be valid for too long"))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, request.common_name.as_str());
    parameters.distinguished_name = name;
    for name in &request.names {
        let name = name.as_str().try_into().map_err(|error: rcgen::Error| wrong(&error))?;
        parameters.subject_alt_names.push(SanType::DnsName(name));
    }
    parameters.subject_alt_names.extend(request.addresses.iter().map(|address| SanType::IpAddress(*address)));
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    parameters.is_ca = IsCa::ExplicitNoCa;
    if request.authority {
        parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    parameters.use_authority_key_identifier_extension = request.signer.is_some();
    let serial: [u8; 16] = rand::random();
    parameters.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(parameters)
}

/// A key as PEM in the form that Go writes for its kind: PKCS#1 for RSA, SEC 1 for elliptic curves, PKCS#8 else.
fn key_text(pair: &KeyPair) -> Result<String, String> {
    let whole = pair.serialized_der();
    let broken = || "the private key has no form that is known here".to_owned();
    let inner = || bare_key(whole).ok_or_else(broken);
    if pair.algorithm() == &PKCS_RSA_SHA256 {
        return Ok(armour("RSA PRIVATE KEY", inner()?));
    }
    if pair.algorithm() == &PKCS_ECDSA_P256_SHA256 {
        return Ok(armour("EC PRIVATE KEY", &with_curve(inner()?).ok_or_else(broken)?));
    }
    Ok(armour("PRIVATE KEY", whole))
}

fn armour(kind: &str, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {kind}-----\n");
    for line in encoded.as_bytes().chunks(LINE) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str(&format!("-----END {kind}-----\n"));
    text
}

/// The tag, the content and what comes after it of the ASN.1 at the start of some bytes.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// The key in the form of its kind: what PKCS#8 has behind its version and its algorithm, or the bytes themselves where
/// they have that form already.
fn bare_key(key: &[u8]) -> Option<&[u8]> {
    let (_, inside, _) = element(key)?;
    let (_, _, rest) = element(inside)?;
    let (SEQUENCE, _, rest) = element(rest)? else { return Some(key) };
    match element(rest)? {
        (OCTET_STRING, key, _) => Some(key),
        _ => None,
    }
}

/// An elliptic key that names its curve, which PKCS#8 does outside of it.
fn with_curve(key: &[u8]) -> Option<Vec<u8>> {
    let (_, inside, _) = element(key)?;
    let (_, _, rest) = element(inside)?;
    let (_, _, rest) = element(rest)?;
    let (before, mut public) = inside.split_at_checked(inside.len() - rest.len())?;
    if let Some((0xa0, _, after)) = element(public) {
        public = after;
    }
    let content = [before, P256, public].concat();
    let length = u8::try_from(content.len()).ok()?;
    let header: &[u8] = if length < 0x80 { &[0x30, length] } else { &[0x30, 0x81, length] };
    Some([header, &content].concat())
}
