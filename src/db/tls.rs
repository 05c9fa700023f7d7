//! Connecting to PostgreSQL, with TLS as the URL's `sslmode` says (the meanings are libpq's,
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>).

use std::sync::Arc;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to let somebody in, if the URL does not say.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// How much of the server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verify {
    /// `prefer`, `require`: encrypted, to whomever answers.
    Nothing,
    /// `verify-ca`: signed by a known authority, whatever name it carries.
    Authority,
    /// `verify-full`: and made out to the host that was asked for.
    Full,
}

/// Where to connect, and how.
#[derive(Clone)]
pub struct Target {
    config: tokio_postgres::Config,
    verify: Verify,
    root_cert: Option<String>,
}

impl Target {
    /// Reads a URL. tokio-postgres knows neither the `verify-…` modes nor `sslrootcert`, so they are taken out first.
    pub fn parse(url: &str) -> Result<Self, String> {
        let mut url: url::Url = url.parse().map_err(|e| format!("is not a URL: {e}"))?;
        let mut verify = Verify::Nothing;
        let mut root_cert = None;
        let mut kept = Vec::new();
        for (name, value) in url.query_pairs() {
            match (&*name, &*value) {
                ("sslmode", "verify-ca") => verify = Verify::Authority,
                ("sslmode", "verify-full") => verify = Verify::Full,
                ("sslmode", "disable" | "prefer" | "require") => kept.push((name.to_string(), value.to_string())),
                ("sslmode", other) => {
                    return Err(format!(
                        "has sslmode={other}; it can be disable, prefer, require, verify-ca or verify-full"
                    ));
                }
                ("sslrootcert", path) => root_cert = Some(path.to_string()),
                _ => kept.push((name.to_string(), value.to_string())),
            }
        }
        // As in libpq: who names an authority and asks for encryption wants the authority asked.
        if root_cert.is_some() && kept.iter().any(|(name, value)| name == "sslmode" && value == "require") {
            verify = Verify::Authority;
        } else if verify != Verify::Nothing {
            kept.push(("sslmode".into(), "require".into()));
        }
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
        let mut config: tokio_postgres::Config = url
            .as_str()
            .parse()
            .map_err(|e: tokio_postgres::Error| format!("is not a PostgreSQL URL: {}", chain(&e)))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err("names no host: write postgres://user:password@host:5432/database".into());
        }
        if config.get_application_name().is_none() {
            config.application_name("orgraph");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        Ok(Self { config, verify, root_cert })
    }

    /// Host, port and database, for a message: nothing secret.
    pub fn place(&self) -> String {
        let host = match self.config.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(tokio_postgres::config::Host::Unix(path)) => path.display().to_string(),
            None => "localhost".into(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        format!("{host}:{port}/{}", self.config.get_dbname().unwrap_or_default())
    }

    /// Within the connect timeout: the library's own ends with TCP, after which a server may still say nothing.
    pub async fn connect(&self) -> ConnectionResult<AsyncPgConnection> {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1).max(1);
        let patience = self.config.get_connect_timeout().copied().unwrap_or(PATIENCE) * hosts;
        let late = |_| Err(ConnectionError::BadConnection("it accepts connections, but says nothing".into()));
        tokio::time::timeout(patience, self.shake_hands()).await.unwrap_or_else(late)
    }

    async fn shake_hands(&self) -> ConnectionResult<AsyncPgConnection> {
        let bad = |e: tokio_postgres::Error| ConnectionError::BadConnection(chain(&e));
        if self.config.get_ssl_mode() == SslMode::Disable {
            let (client, connection) = self.config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
            return AsyncPgConnection::try_from_client_and_connection(client, connection).await;
        }
        let tls = self.tls_config().map_err(ConnectionError::BadConnection)?;
        let connector = MakeRustlsConnect::new(tls);
        let (client, connection) = self.config.connect(connector).await.map_err(|error| match bad(error) {
            ConnectionError::BadConnection(cause) if cause.contains("server does not support TLS") => {
                ConnectionError::BadConnection(format!(
                    "{cause}; switch it on there, or set another sslmode in the URL"
                ))
            }
            other => other,
        })?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }

    fn tls_config(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?;
        if self.verify == Verify::Full {
            return Ok(builder.with_root_certificates(self.roots()?).with_no_client_auth());
        }
        let authority = match self.verify {
            Verify::Authority => {
                let roots = Arc::new(self.roots()?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
                Some(verifier.build().map_err(|e| e.to_string())?)
            }
            _ => None,
        };
        let lenient = Arc::new(Lenient { provider, authority });
        Ok(builder.dangerous().with_custom_certificate_verifier(lenient).with_no_client_auth())
    }

    fn roots(&self) -> Result<RootCertStore, String> {
        let mut roots = RootCertStore::empty();
        match &self.root_cert {
            Some(path) => {
                let unreadable = |e| format!("sslrootcert {path} cannot be read: {e}");
                for cert in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
                    roots.add(cert.map_err(unreadable)?).map_err(|e| e.to_string())?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        Ok(roots)
    }
}

/// tokio-postgres puts the reason into the error's source.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Checks less than everything, as the weaker modes of `sslmode` promise.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    /// Checks the chain of signatures, if that is asked for.
    authority: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authority) = &self.authority else {
            return Ok(ServerCertVerified::assertion());
        };
        match authority.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
