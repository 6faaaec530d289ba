/* auth/account_url.c - one HTTP request, by libcurl.
 *
 * The library is loaded when there is somebody to ask: it brings thirty others
 * along, and twice the memory of an idle server, which most have no use for.
 */
#include "auth/account_url.h"

#include "base/buf.h"
#include "base/err.h"

#if MOTE_HAS_CURL

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

enum { BODY_MAX = 1 << 20, REDIRECTS_MAX = 10 };
#define TIMEOUT_DEFAULT_NS (1900 * NS_PER_MS)

/* The functions we call. */
static struct {
	CURLcode    (*global_init)(long flags);
	CURL       *(*easy_init)(void);
	CURLcode    (*easy_setopt)(CURL *curl, CURLoption option, ...);
	CURLcode    (*easy_perform)(CURL *curl);
	CURLcode    (*easy_getinfo)(CURL *curl, CURLINFO info, ...);
	void        (*easy_cleanup)(CURL *curl);
	const char *(*easy_strerror)(CURLcode code);
	bool        is_loaded;
} lib;

static pthread_once_t lib_once = PTHREAD_ONCE_INIT;

static bool find(void *handle, const char *name, void *ret)
{
	void *f = dlsym(handle, name);

	memcpy(ret, &f, sizeof f);
	return f != NULL;
}

static void load_lib(void)
{
	/* The same, whatever is below it. */
	static const char *const names[] = { "libcurl.so.4",
		"libcurl-gnutls.so.4" };
	void *h = NULL;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && h == NULL; i++)
		h = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	lib.is_loaded = h != NULL &&
	    find(h, "curl_global_init", &lib.global_init) &&
	    find(h, "curl_easy_init", &lib.easy_init) &&
	    find(h, "curl_easy_setopt", &lib.easy_setopt) &&
	    find(h, "curl_easy_perform", &lib.easy_perform) &&
	    find(h, "curl_easy_getinfo", &lib.easy_getinfo) &&
	    find(h, "curl_easy_cleanup", &lib.easy_cleanup) &&
	    find(h, "curl_easy_strerror", &lib.easy_strerror) &&
	    lib.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct account_url {
	CURL       *curl;
	struct buf  base;
	struct buf *out;		/* of the request under way */
	size_t      body_n;
	char        status[64];		/* "404 Not Found" */
	char        error[CURL_ERROR_SIZE];
};

/* More than a token may have is not waited for. */
static size_t body(char *p, size_t size, size_t n, void *ctx)
{
	struct account_url *u = ctx;

	if (__builtin_mul_overflow(size, n, &n) || n > BODY_MAX - u->body_n)
		return 0;
	u->body_n += n;
	buf_put(u->out, p, n);
	return buf_failed(u->out) ? 0 : n;
}

/* Of the last answer; the others were redirects. */
static size_t header(char *p, size_t size, size_t n, void *ctx)
{
	struct account_url *u = ctx;
	struct slice        s = { p, size * n };
	const char         *blank;

	if (!slice_has_prefix(s, SLICE("HTTP/")))
		return s.n;
	while (s.n > 0 && (unsigned char)s.p[s.n - 1] <= ' ')
		s.n--;
	blank = memchr(s.p, ' ', s.n);
	s = blank == NULL ? SLICE_NONE : slice_skip(s,
	    (size_t)(blank - s.p) + 1);
	if (s.n > sizeof u->status - 1)
		s.n = sizeof u->status - 1;
	if (s.n > 0)
		memcpy(u->status, s.p, s.n);
	u->status[s.n] = '\0';
	return size * n;
}

/* The first that fails is told. */
#define SET(option, value) \
	do { \
		if (err == CURLE_OK) \
			err = lib.easy_setopt(u->curl, option, value); \
	} while (0)

static CURLcode set_tls(struct account_url *u,
    const struct account_url_config *conf)
{
	CURLcode err = CURLE_OK;

	if (conf->ca_file != NULL)
		SET(CURLOPT_CAINFO, conf->ca_file);
	if (conf->cert_file != NULL)
		SET(CURLOPT_SSLCERT, conf->cert_file);
	if (conf->key_file != NULL)
		SET(CURLOPT_SSLKEY, conf->key_file);
	if (conf->trusts_anyone) {
		SET(CURLOPT_SSL_VERIFYPEER, 0L);
		SET(CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return err;
}

static CURLcode set_up(struct account_url *u,
    const struct account_url_config *conf)
{
	int64_t  timeout = conf->timeout_ns > 0 ? conf->timeout_ns
	    : TIMEOUT_DEFAULT_NS;
	CURLcode err = set_tls(u, conf);

	SET(CURLOPT_TIMEOUT_MS, (long)(timeout / NS_PER_MS));
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 1L);
	SET(CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
	SET(CURLOPT_HEADERFUNCTION, header);
	SET(CURLOPT_HEADERDATA, u);
	SET(CURLOPT_WRITEFUNCTION, body);
	SET(CURLOPT_WRITEDATA, u);
	SET(CURLOPT_ERRORBUFFER, u->error);
	return err;
}

int account_url_create(const struct account_url_config *conf,
    struct account_url **ret, struct buf *why)
{
	struct account_url *u;
	CURLcode            err;

	pthread_once(&lib_once, load_lib);
	if (!lib.is_loaded) {
		buf_put_str(why, "account resolver: libcurl cannot be "
		    "loaded, and so no token from a URL");
		return ERR_CONFIG;
	}
	u = calloc(1, sizeof *u);
	if (u == NULL)
		return ERR_NOMEM;
	buf_put_slice(&u->base, conf->url);
	if (conf->url.n == 0 || conf->url.p[conf->url.n - 1] != '/')
		buf_put_char(&u->base, '/');
	u->curl = lib.easy_init();
	if (u->curl == NULL || buf_failed(&u->base)) {
		account_url_destroy(u);
		return ERR_NOMEM;
	}
	err = set_up(u, conf);
	if (err != CURLE_OK) {
		buf_printf(why, "account resolver: %s", lib.easy_strerror(err));
		account_url_destroy(u);
		return ERR_CONFIG;
	}
	*ret = u;
	return 0;
}

void account_url_destroy(struct account_url *u)
{
	if (u == NULL)
		return;
	if (u->curl != NULL)
		lib.easy_cleanup(u->curl);
	buf_fini(&u->base);
	free(u);
}

static void complain(const struct buf *url, const char *how, struct buf *why)
{
	buf_put_str(why, "could not fetch <");
	text_put_quoted(why, slice_of(url->p, url->n - 1));
	buf_printf(why, ">: %s", how);
}

static int fetch(struct account_url *u, const struct buf *url,
    struct buf *why)
{
	long     code = 0;
	CURLcode err;

	u->error[0] = u->status[0] = '\0';
	u->body_n = 0;
	err = lib.easy_setopt(u->curl, CURLOPT_URL, url->p);
	if (err == CURLE_OK)
		err = lib.easy_perform(u->curl);
	if (err != CURLE_OK) {
		complain(url, u->error[0] != '\0' ? u->error
		    : lib.easy_strerror(err), why);
		return ERR_IO;
	}
	lib.easy_getinfo(u->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code == 200)
		return 0;
	complain(url, u->status, why);
	return ERR_IO;
}

int account_url_get(struct account_url *u, struct slice key, struct buf *out,
    struct buf *why)
{
	struct buf url = { 0 };
	size_t     before = out->n;
	int        err = ERR_NOMEM;

	buf_put_slice(&url, buf_slice(&u->base));
	buf_put_slice(&url, key);
	buf_put_char(&url, '\0');
	u->out = out;
	if (!buf_failed(&url))
		err = fetch(u, &url, why);
	if (err != 0)
		out->n = before;
	buf_fini(&url);
	return err;
}

#else

struct account_url {
	char nothing;
};

int account_url_create(const struct account_url_config *conf,
    struct account_url **ret, struct buf *why)
{
	(void)conf;
	(void)ret;
	buf_put_str(why, "account resolver: this server is built without "
	    "libcurl, and so without URL resolvers");
	return ERR_CONFIG;
}

void account_url_destroy(struct account_url *u)
{
	(void)u;
}

int account_url_get(struct account_url *u, struct slice key, struct buf *out,
    struct buf *why)
{
	(void)u;
	(void)key;
	(void)out;
	(void)why;
	return ERR_IO;
}

#endif
