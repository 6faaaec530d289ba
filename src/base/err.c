/* base/err.c - names for errors. */
#include "base/err.h"

const char *err_text(int err)
{
	switch (err) {
	case 0:
		return "no error";
#define X(name, nr, text) case ERR_##name: return text;
	ERRORS(X)
#undef X
	default:
		return "unknown error";
	}
}
