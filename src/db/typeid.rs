//! The text form of ids: TypeID, specification 0.3 (<https://github.com/jetify-com/typeid>).
//!
//! A prefix, an underscore, and the 128 bits of the UUID as 26 digits of Crockford's base 32 in lower case.

use std::sync::LazyLock;

use data_encoding::{Encoding, Specification};

/// 26 digits hold 130 bits: the UUID is preceded by two zero bits.
const DIGITS: usize = 26;

static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.encoding().expect("the alphabet has 32 symbols")
});

pub fn encode(prefix: &str, uuid: uuid::Uuid) -> String {
    // Whole groups of 5 bytes need no padding: 4 zero bytes, then the 16 of the UUID, are 32 digits.
    let mut bytes = [0u8; 20];
    bytes[4..].copy_from_slice(uuid.as_bytes());
    let mut digits = [0u8; 32];
    BASE32.encode_mut(&bytes, &mut digits);
    let mut text = String::with_capacity(prefix.len() + 1 + DIGITS);
    text.push_str(prefix);
    text.push('_');
    text.extend(digits[32 - DIGITS..].iter().map(|&digit| digit as char));
    text
}

pub fn decode(text: &str) -> Option<(&str, uuid::Uuid)> {
    let (prefix, digits) = text.rsplit_once('_')?;
    let is_prefix = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !is_prefix || digits.len() != DIGITS {
        return None;
    }
    let mut padded = [b'0'; 32];
    padded[32 - DIGITS..].copy_from_slice(digits.as_bytes());
    let mut bytes = [0u8; 20];
    BASE32.decode_mut(&padded, &mut bytes).ok()?;
    let (overflow, uuid) = bytes.split_at(4);
    (overflow == [0; 4]).then(|| (prefix, uuid::Uuid::from_slice(uuid).expect("16 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors of the specification's valid.yml and invalid.yml.
    #[test]
    fn reads_and_writes_the_specification_vectors() {
        for (text, uuid) in [
            ("prefix_00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
            ("prefix_0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
            ("prefix_01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
            ("prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ] {
            let uuid: uuid::Uuid = uuid.parse().unwrap();
            assert_eq!(encode("prefix", uuid), text);
            assert_eq!(decode(text), Some(("prefix", uuid)));
        }
    }

    #[test]
    fn refuses_what_is_no_typeid() {
        for text in [
            "",
            "prefix",
            "prefix_",
            "prefix_1234567890123456789012345",
            "prefix_123456789012345678901234567",
            "prefix_0123456789ABCDEFGHJKMNPQRS",
            "PREFIX_00000000000000000000000000",
            "_00000000000000000000000000",
            "prefix_123456789-0123456789-01234",
            "prefix_ooooooiiiiiiuuuuuuulllllll",
            "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "prefix_0123456789abcdefghjkmnpqré",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
