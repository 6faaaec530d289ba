/* js/names.h - what streams and consumers may be called. */
#ifndef JS_NAMES_H
#define JS_NAMES_H

#include <stdbool.h>

#include "base/slice.h"

enum { JS_NAME_MAX = 255 };

static inline bool js_name_has(struct slice s, const char *bytes)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(bytes, s.p[i]) != NULL)
			return true;
	return false;
}

/* Not empty, no blanks, '.', '*', '>', and no path. */
static inline bool js_name_is_valid(struct slice s)
{
	return s.n > 0 && !js_name_has(s, " \t\r\n\f.*>\\/");
}

static inline bool js_name_is_path(struct slice s)
{
	return js_name_has(s, "\\/");
}

#endif /* JS_NAMES_H */
