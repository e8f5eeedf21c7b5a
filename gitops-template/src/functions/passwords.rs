//! sprig's passwords and encryption: bcrypt, the Master Password algorithm, AES.

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine as _;
use base64::alphabet::BCRYPT;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{NO_PAD, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::encodings::base64;
use super::{Arguments, Failure, Function, Parameter, Signature};
use crate::execute::Render;
use crate::value::Value;

use Parameter::{Text, Uint32};

const ONE: Signature = Signature::of(&[Text]);
const TWO: Signature = Signature::of(&[Text, Text]);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "bcrypt", signature: ONE, call: |r, a| hashed(r, &a.text(0)).map(Value::text) },
    Function { name: "htpasswd", signature: TWO, call: htpasswd },
    Function { name: "derivePassword", signature: Signature::of(&[Uint32, Text, Text, Text, Text]), call: derived },
    Function { name: "encryptAES", signature: TWO, call: encrypt },
    Function { name: "decryptAES", signature: TWO, call: decrypt },
];

type Called = Result<Value, Failure>;

/// Steps that a hash costs, which is slow on purpose.
const HASH_STEPS: u64 = 200_000;

/// The cost that Go's bcrypt has by default.
const COST: u32 = 10;

/// The bytes that bcrypt reads of a password.
const MAX_PASSWORD: usize = 72;

/// Bytes of AES's blocks.
const BLOCK: usize = 16;

fn hashed(render: &mut Render<'_>, password: &[u8]) -> Result<String, Failure> {
    let failed = |why: &str| format!("failed to encrypt string with bcrypt: {why}");
    if password.len() > MAX_PASSWORD {
        return Ok(failed("bcrypt: password length exceeds 72 bytes"));
    }
    render.charge(HASH_STEPS)?;
    let mut salt = [0; 16];
    render.host().random(&mut salt);
    let ended: Vec<u8> = password.iter().copied().chain([0]).take(MAX_PASSWORD).collect();
    let hash = bcrypt::bcrypt(COST, salt, &ended);
    let digits = GeneralPurpose::new(&BCRYPT, NO_PAD);
    // The last byte of the hash has no place in the text.
    let hash = digits.encode(hash.get(..23).unwrap_or_default());
    Ok(format!("$2a${COST}${}{hash}", digits.encode(salt)))
}

fn htpasswd(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let name = arguments.text(0);
    if name.contains(&b':') {
        return Ok(Value::text(format!("invalid username: {name}")));
    }
    let hash = hashed(render, &arguments.text(1))?;
    Ok(Value::text([name.as_ref(), b":", hash.as_bytes()].concat()))
}

/// The templates of passwords by the kind of password: each letter stands for one of some characters.
const TEMPLATES: &[(&str, &[&str])] = &[
    ("maximum", &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"]),
    (
        "long",
        &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
    ),
    ("medium", &["CvcnoCvc", "CvcCvcno"]),
    ("short", &["Cvcn"]),
    ("basic", &["aaanaaan", "aannaaan", "aaannaaa"]),
    ("pin", &["nnnn"]),
];

fn characters(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

/// What comes before names in what is hashed.
const NAMESPACE: &[u8] = b"com.lyndir.masterpassword";

/// A name behind its length.
fn counted(name: &[u8]) -> Vec<u8> {
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes();
    [NAMESPACE, &length, name].concat()
}

/// The Master Password algorithm, version 3.
fn derived(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let counter = arguments.any(0).as_unsigned().and_then(|counter| u32::try_from(counter).ok()).unwrap_or_default();
    let kind = arguments.text(1);
    let kind = kind.to_str();
    let Some((_, templates)) = TEMPLATES.iter().find(|(known, _)| *known == kind) else {
        return Ok(Value::text(format!("cannot find password template {kind}")));
    };
    render.charge(2 * HASH_STEPS)?;
    let broken = |_| Failure::new("failed to derive password");
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|_| Failure::new("failed to derive password"))?;
    let mut key = [0; 64];
    scrypt::scrypt(&arguments.text(2), &counted(&arguments.text(3)), &parameters, &mut key)
        .map_err(|_| Failure::new("failed to derive password"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(broken)?;
    mac.update(&counted(&arguments.text(4)));
    mac.update(&counter.to_be_bytes());
    let seed = mac.finalize().into_bytes();
    let byte = |index: usize| usize::from(seed.get(index).copied().unwrap_or_default());
    let template = templates.get(byte(0) % templates.len()).copied().unwrap_or_default();
    let letters = template.bytes().enumerate().filter_map(|(index, letter)| {
        let known = characters(letter);
        known.get(byte(index + 1) % known.len()).copied()
    });
    Ok(Value::text(letters.collect::<Vec<u8>>()))
}

/// A password as a key: cut or filled with zeros to 32 bytes.
fn key(password: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    for (byte, letter) in key.iter_mut().zip(password) {
        *byte = *letter;
    }
    key
}

fn encrypt(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (password, text) = (arguments.text(0), arguments.text(1));
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    render.reserve(text.len().saturating_mul(2))?;
    let mut start = [0; BLOCK];
    render.host().random(&mut start);
    let padding = BLOCK - text.len() % BLOCK;
    let mut content = text.to_vec();
    content.resize(text.len() + padding, u8::try_from(padding).unwrap_or_default());
    let cipher = cbc::Encryptor::<Aes256>::new(&key(&password).into(), &start.into());
    let encrypted = cipher.encrypt_padded_vec::<NoPadding>(&content);
    render.written(STANDARD.encode([start.as_slice(), &encrypted].concat()).into_bytes())
}

fn decrypt(render: &mut Render<'_>, arguments: &[Value]) -> Called {
    let (password, text) = (arguments.text(0), arguments.text(1));
    if text.is_empty() {
        return Ok(Value::text(""));
    }
    let bytes = base64(&text).map_err(|at| Failure::new(format!("illegal base64 data at input byte {at}")))?;
    let out_of_range = |to: i64, length: usize| {
        Failure::new(format!("runtime error: slice bounds out of range [:{to}] with capacity {length}"))
    };
    let Some((start, content)) = bytes.split_first_chunk::<BLOCK>() else {
        return Err(out_of_range(16, bytes.len()));
    };
    let cipher = cbc::Decryptor::<Aes256>::new(&key(&password).into(), &(*start).into());
    let Ok(mut decrypted) = cipher.decrypt_padded_vec::<NoPadding>(content) else {
        return Err(Failure::new("crypto/cipher: input not full blocks"));
    };
    let Some(padding) = decrypted.last().copied() else {
        return Err(Failure::new("runtime error: index out of range [-1]"));
    };
    let Some(length) = decrypted.len().checked_sub(padding.into()) else {
        return Err(Failure::new("runtime error: slice bounds out of range"));
    };
    decrypted.truncate(length);
    render.written(decrypted)
}
