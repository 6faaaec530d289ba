/* proto/refusal.c - the rows of proto/refusal.h. */
#include "proto/refusal.h"

static const struct {
	const char       *text;
	bool              closes;
	enum close_reason reason;
} refusals[N_REFUSALS] = {
	[REFUSAL_NONE] = { "", false, CLOSE_NONE },
#define X(id, closes, reason, text) \
	[REFUSAL_##id] = { text, closes, CLOSE_##reason },
	REFUSALS(X)
#undef X
};

static const char *const reasons[N_CLOSE_REASONS] = {
#define X(id, text) [CLOSE_##id] = text,
	CLOSE_REASONS(X)
#undef X
};

const char *refusal_text(enum refusal r)
{
	return refusals[r].text;
}

bool refusal_closes(enum refusal r)
{
	return refusals[r].closes;
}

enum close_reason refusal_reason(enum refusal r)
{
	return refusals[r].reason;
}

const char *close_reason_text(enum close_reason r)
{
	return reasons[r];
}
