// OpenSSL's calls that are macros, and the few that take a PEM text apart.
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/// A client's context that takes TLS 1.2 and later and trusts what the system trusts; NULL for want of memory.
static inline SSL_CTX *swctr_tls_context(int verify) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) return NULL;
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // A peer that closes without a goodbye has ended its stream; what was promised and did not come is noticed above.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (verify) SSL_CTX_set_default_verify_paths(context);
    return context;
}

/// Trusts every certificate of a PEM text; answers how many there were.
static inline int swctr_tls_trust(SSL_CTX *context, const void *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    if (!bio) return 0;
    int count = 0;
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate);
        X509_free(certificate);
        count++;
    }
    BIO_free(bio);
    ERR_clear_error();
    return count;
}

/// Shows the first certificate of a PEM text to servers that ask, with the rest as its chain; 1 on success.
static inline int swctr_tls_use_certificate(SSL_CTX *context, const void *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    if (!bio) return 0;
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    int result = certificate ? SSL_CTX_use_certificate(context, certificate) : 0;
    X509_free(certificate);
    while (result == 1 && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        result = SSL_CTX_add0_chain_cert(context, certificate);
        if (result != 1) X509_free(certificate);
    }
    BIO_free(bio);
    ERR_clear_error();
    return result;
}

/// The private key of the certificate above; 1 on success. A key under a password is refused: nobody could type it.
static inline int swctr_tls_use_key(SSL_CTX *context, const void *pem, int length) {
    BIO *bio = BIO_new_mem_buf(pem, length);
    if (!bio) return 0;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)"");
    int result = key ? SSL_CTX_use_PrivateKey(context, key) : 0;
    EVP_PKEY_free(key);
    BIO_free(bio);
    if (result == 1) result = SSL_CTX_check_private_key(context);
    ERR_clear_error();
    return result;
}

/// A session that checks the peer's certificate for this host: a name, which is also sent along, or an address.
static inline SSL *swctr_tls_session(SSL_CTX *context, int descriptor, const char *host, int is_address) {
    SSL *session = SSL_new(context);
    if (!session) return NULL;
    int ok = SSL_set_fd(session, descriptor);
    if (is_address) {
        ok = ok && X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host);
    } else {
        ok = ok && SSL_set_tlsext_host_name(session, host) && SSL_set1_host(session, host);
    }
    if (ok) return session;
    SSL_free(session);
    return NULL;
}

/// The first error of this thread's queue as text, and its reason's number; the queue is empty then.
static inline unsigned long swctr_tls_error(char *text, size_t size) {
    unsigned long code = ERR_get_error();
    text[0] = 0;
    if (code && ERR_reason_error_string(code)) {
        BIO_snprintf(text, size, "%s", ERR_reason_error_string(code));
    }
    ERR_clear_error();
    return code ? (unsigned long)ERR_GET_REASON(code) : 0;
}

/// Whether a reason says that the peer did not speak TLS at all.
static inline int swctr_tls_is_plain(unsigned long reason) {
    return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG;
}
