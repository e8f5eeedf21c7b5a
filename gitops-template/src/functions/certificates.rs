//! sprig's keys and certificates. What needs keys is asked of the host; the other functions draw from its randomness.

use std::any::Any as Anything;
use std::net::IpAddr;

use super::encodings::base64;
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::keys::{Certificate, CertificateRequest, KeyKind, KeyMaker};
use crate::pem;
use crate::print::print_value;
use crate::value::{Object, Value};

use Parameter::{Int, List, Text};

/// Go's name of the type of certificates.
const TYPE: &str = "sprig.certificate";
const SIGNER: Parameter = Parameter::Object(TYPE);

/// Steps that a key costs.
const KEY_STEPS: u64 = 400_000;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "genPrivateKey", signature: Signature::of(&[Text]), call: private_key },
    Function { name: "genCA", signature: Signature::of(&[Text, Int]), call: |r, a| authority(r, a, None) },
    Function {
        name: "genCAWithKey",
        signature: Signature::of(&[Text, Int, Text]),
        call: |r, a| authority(r, a, Some(a.text(2).to_str().into_owned())),
    },
    Function {
        name: "genSelfSignedCert",
        signature: Signature::of(&[Text, List, List, Int]),
        call: |r, a| signed(r, a, None, None),
    },
    Function {
        name: "genSelfSignedCertWithKey",
        signature: Signature::of(&[Text, List, List, Int, Text]),
        call: |r, a| signed(r, a, None, Some(4)),
    },
    Function {
        name: "genSignedCert",
        signature: Signature::of(&[Text, List, List, Int, SIGNER]),
        call: |r, a| signed(r, a, Some(4), None),
    },
    Function {
        name: "genSignedCertWithKey",
        signature: Signature::of(&[Text, List, List, Int, SIGNER, Text]),
        call: |r, a| signed(r, a, Some(4), Some(5)),
    },
    Function { name: "buildCustomCert", signature: Signature::of(&[Text, Text]), call: custom },
];

type Called = Result<Value, Failure>;

fn keys<'h>(render: &Render<'h>) -> Result<&'h dyn KeyMaker, Failure> {
    render.host().keys().ok_or_else(|| Failure::new("this render has no source of private keys"))
}

fn private_key(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let name = arguments.text(0);
    let kind = match &*name.to_str() {
        "" | "rsa" => KeyKind::Rsa,
        "dsa" => KeyKind::Dsa,
        "ecdsa" => KeyKind::Ecdsa,
        "ed25519" => KeyKind::Ed25519,
        other => return Ok(Value::text(format!("Unknown type {other}"))),
    };
    render.charge(KEY_STEPS)?;
    let key = keys(render)?.private_key(kind);
    Ok(Value::text(key.unwrap_or_else(|words| words)))
}

fn request(render: &Render<'_>, arguments: &[Value], days: i64, key: Option<String>) -> CertificateRequest {
    let request = CertificateRequest::new(arguments.text(0).to_str(), days).valid_from(render.host().now().0);
    CertificateRequest { key, ..request }
}

fn made(render: &mut Render<'_>, request: &CertificateRequest) -> Called {
    if let Some(key) = &request.key {
        check_key(key).map_err(|error| Failure::new(format!("parsing private key: {error}")))?;
    }
    render.charge(KEY_STEPS)?;
    keys(render)?.certificate(request).map(Value::object).map_err(Failure::new)
}

fn authority(render: &mut Render<'_>, arguments: &[Value], key: Option<String>) -> Called {
    let request = CertificateRequest { authority: true, ..request(render, arguments, arguments.int(1), key) };
    made(render, &request)
}

fn signed(render: &mut Render<'_>, arguments: &[Value], signer: Option<usize>, key: Option<usize>) -> Called {
    let key = key.map(|index| arguments.text(index).to_str().into_owned());
    let mut request = request(render, arguments, arguments.int(3), key);
    if let Some(index) = signer {
        let signer = match arguments.any(index) {
            Value::Object(object) => object.as_any().downcast_ref::<Certificate>().cloned(),
            _ => None,
        };
        let signer = signer.ok_or_else(|| Failure::new(super::items::NIL_DEREFERENCE))?;
        if pem::decode(signer.certificate.as_bytes()).is_none() {
            return Err(Failure::new("unable to decode certificate"));
        }
        check_key(&signer.key).map_err(|error| Failure::new(format!("error parsing private key: {error}")))?;
        request.signer = Some(signer);
    }
    for address in arguments.list(1).iter() {
        let Some(text) = address.as_text() else {
            return Err(Failure::new(format!("error parsing ip: {} is not a string", print_value(address))));
        };
        let parsed = text.to_str().parse::<IpAddr>();
        request.addresses.push(parsed.map_err(|_| Failure::new(format!("error parsing ip: {text}")))?);
    }
    for name in arguments.list(2).iter() {
        let Some(text) = name.as_text() else {
            let shown = print_value(name);
            return Err(Failure::new(format!("error processing alternate dns name: {shown} is not a string")));
        };
        request.names.push(text.to_str().into_owned());
    }
    made(render, &request)
}

fn custom(_: &mut Render<'_>, arguments: &[Value]) -> Called {
    let decoded = |index: usize, what: &str| {
        base64(&arguments.text(index)).map_err(|_| Failure::new(format!("unable to decode base64 {what}")))
    };
    let certificate = decoded(0, "certificate")?;
    let key = decoded(1, "private key")?;
    let Some(block) = pem::decode(&certificate) else { return Err(Failure::new("unable to decode certificate")) };
    if !pem::is_sequence(&block.bytes) {
        let words = "error parsing certificate: decodedCert.Bytes: x509: malformed certificate";
        return Err(Failure::new(words));
    }
    let key = String::from_utf8_lossy(&key).into_owned();
    check_key(&key).map_err(|error| Failure::new(format!("error parsing private key: {error}")))?;
    Ok(Value::object(Certificate { certificate: String::from_utf8_lossy(&certificate).into_owned(), key }))
}

/// Whether a text has a private key as PEM, in sprig's words.
fn check_key(text: &str) -> Result<(), String> {
    let block = pem::decode(text.as_bytes()).ok_or("no PEM data in input")?;
    let malformed = |what: &str| if pem::is_sequence(&block.bytes) { Ok(()) } else { Err(what.to_owned()) };
    match block.kind.strip_suffix("PRIVATE KEY").map(str::trim_end) {
        Some("") => malformed("decoding PEM as PKCS#8: asn1: structure error: malformed key"),
        Some("RSA") => malformed("parsing RSA private key from PEM: asn1: structure error: malformed key"),
        Some("EC") => malformed("parsing EC private key from PEM: asn1: structure error: malformed key"),
        Some("DSA") => malformed("parsing DSA private key from PEM: asn1: structure error: malformed key"),
        Some(other) => Err(format!("invalid private key type {other}")),
        None => Err(format!("no private key data in PEM block of type {}", block.kind)),
    }
}

impl Object for Certificate {
    fn type_name(&self) -> &str {
        TYPE
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(Value::text(self.certificate.as_str())),
            "Key" => Some(Value::text(self.key.as_str())),
            _ => None,
        }
    }

    fn fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![("Cert", Value::text(self.certificate.as_str())), ("Key", Value::text(self.key.as_str()))])
    }

    fn named_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        self.fields()
    }

    fn plain(&self) -> Value {
        let fields = self.fields().unwrap_or_default();
        Value::Map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    fn as_any(&self) -> &dyn Anything {
        self
    }
}
