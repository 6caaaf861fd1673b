//! The one thing that is read from a certificate: until when it is valid.

use catops_core::Timestamp;
use der::asn1::{AnyRef, GeneralizedTime, UtcTime};
use der::{Decode, Header, Reader, SliceReader, Tag, TagNumber};

/// Returns the end of the validity of an X.509 certificate in DER, or `None` if it is not of that form.
///
/// The signature was checked by TLS; here only the place of the date matters (RFC 5280, 4.1):
///
/// ```text
/// Certificate     ::= SEQUENCE { tbsCertificate, … }
/// TBSCertificate  ::= SEQUENCE { [0] version OPTIONAL, serialNumber, signature, issuer, validity, … }
/// Validity        ::= SEQUENCE { notBefore Time, notAfter Time }
/// ```
pub(crate) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    read(certificate).ok()
}

fn read(certificate: &[u8]) -> der::Result<Timestamp> {
    let mut reader = SliceReader::new(certificate)?;
    // Each header stands before what it holds, so reading it enters the sequence.
    enter(&mut reader)?;
    enter(&mut reader)?;
    let version = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
    if reader.peek_tag()? == version {
        AnyRef::decode(&mut reader)?;
    }
    for _ in ["serialNumber", "signature", "issuer"] {
        AnyRef::decode(&mut reader)?;
    }
    enter(&mut reader)?;
    AnyRef::decode(&mut reader)?; // notBefore
    let since_1970 = match reader.peek_tag()? {
        Tag::UtcTime => UtcTime::decode(&mut reader)?.to_unix_duration(),
        _ => GeneralizedTime::decode(&mut reader)?.to_unix_duration(),
    };
    Ok(Timestamp::from_secs(since_1970.as_secs()))
}

fn enter<'a>(reader: &mut impl Reader<'a>) -> der::Result<()> {
    Header::decode(reader)?.tag.assert_eq(Tag::Sequence).map(|_| ())
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(year: i32) -> Vec<u8> {
        let mut params = CertificateParams::new(["example.com".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 11, 22);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn both_forms_of_a_date() {
        // Through 2049 a date has two digits for its year, from 2050 on four.
        for year in [2026, 2049, 2050, 3000] {
            let end = not_after(&certificate(year)).unwrap();
            assert_eq!(end.to_string(), format!("{year}-11-22 00:00:00 UTC"));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(2030);
        let end = whole.windows(2).rposition(|bytes| bytes == [0x17, 0x0d]).unwrap() + 15;
        for length in 0..end {
            assert_eq!(not_after(&whole[..length]), None, "{length} bytes");
        }
        assert_eq!(not_after(b"\x30\x80 not a length"), None);
        assert_eq!(not_after(&[0x30; 64]), None);
    }
}
