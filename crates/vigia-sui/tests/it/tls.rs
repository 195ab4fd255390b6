//! TLS in front of something that speaks none, with an authority of its own.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Passes on what comes. Ends with this.
pub(crate) struct TlsFront {
    pub(crate) url: String,
    /// The authority that signed its certificate.
    pub(crate) ca_pem: String,
    serving: JoinHandle<()>,
}

impl TlsFront {
    /// In front of `http://HOST:PORT`.
    pub(crate) async fn start(plain_url: &str) -> Self {
        let behind = plain_url.strip_prefix("http://").expect("plain text");
        let behind = behind.trim_end_matches('/').to_owned();
        let (ca_pem, acceptor) = acceptor();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(acceptor.clone(), client, behind.clone()));
            }
        });
        Self {
            url: format!("https://{address}"),
            ca_pem,
            serving,
        }
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A client that does not trust the certificate goes away, which is as it should be.
async fn pass_on(acceptor: TlsAcceptor, client: TcpStream, behind: String) {
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    let mut server = TcpStream::connect(behind).await.expect("it is there");
    let _ended_either_way = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

fn acceptor() -> (String, TlsAcceptor) {
    let made = "rcgen makes keys and certificates";
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect(made);
    let ca_pem = authority.self_signed(&authority_key).expect(made).pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect(made);
    let server = CertificateParams::new(["127.0.0.1".to_owned()]).expect(made);
    let certificate = server.signed_by(&key, &issuer).expect(made);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("the key is the certificate's");
    (ca_pem, TlsAcceptor::from(Arc::new(config)))
}
