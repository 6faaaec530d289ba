/* base/tls_names.c - cipher suites and curves, a row each. */
#include "base/tls_names.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The best first: it is the order of preference, too. */
static const struct tls_suite suites[] = {
	{ 0x1301, "TLS_AES_128_GCM_SHA256", false, true },
	{ 0x1302, "TLS_AES_256_GCM_SHA384", false, true },
	{ 0x1303, "TLS_CHACHA20_POLY1305_SHA256", false, true },
	{ 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", false, true },
	{ 0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", false, true },
	{ 0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", false, true },
	{ 0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", false, true },
	{ 0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", false,
	    true },
	{ 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", false, true },
	{ 0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", false, false },
	{ 0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false, false },
	{ 0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", false, false },
	{ 0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", false, false },
	{ 0xc023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", true, false },
	{ 0xc027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", true, false },
	{ 0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", true, false },
	{ 0x009d, "TLS_RSA_WITH_AES_256_GCM_SHA384", true, false },
	{ 0x003c, "TLS_RSA_WITH_AES_128_CBC_SHA256", true, false },
	{ 0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", true, false },
	{ 0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA", true, false },
	{ 0xc012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", true, false },
	{ 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", true, false },
	{ 0xc007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA", true, false },
	{ 0xc011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA", true, false },
	{ 0x0005, "TLS_RSA_WITH_RC4_128_SHA", true, false },
};

static const struct tls_group groups[] = {
	{ 0x001d, "X25519" },
	{ 0x0017, "CurveP256" },
	{ 0x0018, "CurveP384" },
	{ 0x0019, "CurveP521" },
	{ 0x11ec, "X25519MLKEM768" },
	{ 0x11eb, "SecP256r1MLKEM768" },
	{ 0x11ed, "SecP384r1MLKEM1024" },
};

const struct tls_suite *tls_suite_at(size_t i)
{
	return i < N_OF(suites) ? &suites[i] : NULL;
}

const struct tls_group *tls_group_at(size_t i)
{
	return i < N_OF(groups) ? &groups[i] : NULL;
}

const struct tls_suite *tls_suite_by_name(struct slice name)
{
	for (size_t i = 0; i < N_OF(suites); i++)
		if (slice_eq(slice_str(suites[i].name), name))
			return &suites[i];
	return NULL;
}

const struct tls_suite *tls_suite_by_id(unsigned id)
{
	for (size_t i = 0; i < N_OF(suites); i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

const struct tls_group *tls_group_by_name(struct slice name)
{
	for (size_t i = 0; i < N_OF(groups); i++)
		if (slice_eq(slice_str(groups[i].name), name))
			return &groups[i];
	return NULL;
}
