use crate::quote::quote;

/// A part of a URL: each escapes other characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Host,
    Zone,
    User,
    Path,
    Fragment,
}

fn is_escaped(byte: u8, part: Part) -> bool {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => false,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'[' | b']' | b'<'
        | b'>' | b'"'
            if matches!(part, Part::Host | Part::Zone) =>
        {
            false
        }
        b'$' | b'&' | b'+' | b',' | b'/' | b':' | b';' | b'=' | b'?' | b'@' => match part {
            Part::Path => byte == b'?',
            Part::User => matches!(byte, b'@' | b'/' | b'?' | b':'),
            Part::Fragment => false,
            Part::Host | Part::Zone => true,
        },
        b'!' | b'(' | b')' | b'*' => part != Part::Fragment,
        _ => true,
    }
}

pub(super) fn escape(text: &[u8], part: Part) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        if is_escaped(*byte, part) {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            out.push(*byte);
        }
    }
    out
}

pub(super) fn unescape(text: &[u8], part: Part) -> Result<Vec<u8>, String> {
    let in_host = matches!(part, Part::Host | Part::Zone);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let written = [b"%", after.get(..after.len().min(2)).unwrap_or_default()].concat();
            let wrong = || format!("invalid URL escape {}", quote(&written));
            let code = hexadecimal(&written).ok_or_else(wrong)?;
            let refused = match part {
                Part::Host => code < 0x80 && code != b'%',
                Part::Zone => code != b'%' && code != b' ' && is_escaped(code, Part::Host),
                _ => false,
            };
            if refused {
                return Err(wrong());
            }
            out.push(code);
            rest = after.get(2..).unwrap_or_default();
        } else if in_host && byte.is_ascii() && is_escaped(*byte, part) {
            return Err(format!("invalid character {} in host name", quote(&[*byte])));
        } else {
            out.push(*byte);
        }
    }
    Ok(out)
}

fn hexadecimal(written: &[u8]) -> Option<u8> {
    let [b'%', high, low] = written else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*high)? << 4 | digit(*low)?)
}
