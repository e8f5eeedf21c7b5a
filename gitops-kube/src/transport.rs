//! The way to an API server: kube's own, but that what is written is sent at once.

use std::time::Duration;

use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use kube::client::{Body, ConfigExt as _};
use kube::{Client, Config};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use tower::{BoxError, ServiceBuilder};

/// How long a connection is kept that nobody uses, and how many of them: each takes 40 KB here, and more of the server.
const IDLE: Duration = Duration::from_secs(5);
const MOST_IDLE: usize = 16;

/// A client of a configuration.
///
/// The connections that kube makes (`ClientBuilder::try_from`, kube 5.0) leave it to TCP when a small request goes out: where what was
/// written before it is not acknowledged, which a server may put off for 40 ms, that is later. So the first request on each connection
/// took as long, and many others. A server behind a proxy is reached as kube reaches it.
///
/// # Errors
/// Where no client can be made of the configuration.
pub(crate) fn client(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        return Client::try_from(config);
    }
    if CryptoProvider::get_default().is_none() {
        // Somebody else may have set it meanwhile, to the same.
        let _ = aws_lc_rs::default_provider().install_default();
    }
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(http)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let mut pool = legacy::Builder::new(TokioExecutor::new());
    pool.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).pool_max_idle_per_host(MOST_IDLE);
    let connections: legacy::Client<_, Body> = pool.build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(connections);
    Ok(Client::new(service, config.default_namespace))
}
