/* permissions_fuzz.c - lines of rules, then a subject, a pattern, a queue.
 *
 * Input: lines; the first three are subject, pattern and queue, each other is a
 * rule: one letter for its list (p publish allow, q publish deny, s subscribe
 * allow, t subscribe deny), then "subject[ queue]".
 * Holds: a remembered verdict is the verdict; what a pattern opens without a
 * filter may be received; a plain deny denies every queue. */
#include <stdint.h>
#include <stdlib.h>

#include "core/permissions.h"
#include "proto/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RULES_MAX = 16 };

static struct slice take_until(struct slice *rest, char end)
{
	const char  *at = rest->n == 0 ? NULL : memchr(rest->p, end, rest->n);
	struct slice head = *rest;

	if (at == NULL) {
		*rest = SLICE_NONE;
		return head;
	}
	head.n = (size_t)(at - head.p);
	*rest = slice_skip(*rest, head.n + 1);
	return head;
}

static struct permission_list *list_of(struct permissions_spec *spec, char c)
{
	switch (c) {
	case 'p': return &spec->publish_allow;
	case 'q': return &spec->publish_deny;
	case 's': return &spec->subscribe_allow;
	default:  return &spec->subscribe_deny;
	}
}

static void check_asked(const struct permissions *p, struct slice subject,
    struct slice pattern, struct slice queue)
{
	struct verdict_cache cache = { 0 };
	bool may = permissions_may_publish(p, subject);
	bool opens = permissions_may_subscribe(p, pattern, queue) &&
	    !permissions_needs_filter(p, pattern, queue);

	for (int i = 0; i < 2; i++)
		if (verdict_may_publish(&cache, p, subject) != may)
			abort();
	if (opens && subject_is_valid(pattern) && subject_is_literal(subject) &&
	    subject_matches(subject, pattern) &&
	    !permissions_may_receive(p, subject, queue))
		abort();
	verdict_cache_fini(&cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct permission_rule rules[4][RULES_MAX];
	struct slice                  rest = { (const char *)data, size };
	struct slice                  subject = take_until(&rest, '\n');
	struct slice                  pattern = take_until(&rest, '\n');
	struct slice                  queue = take_until(&rest, '\n');
	struct permissions_spec       spec = {
		.publish_allow.rules = rules[0], .publish_deny.rules = rules[1],
		.subscribe_allow.rules = rules[2],
		.subscribe_deny.rules = rules[3] };
	struct permissions           *p;

	while (rest.n > 0) {
		struct slice            line = take_until(&rest, '\n');
		struct permission_list *l = list_of(&spec,
		    line.n > 0 ? line.p[0] : 't');
		struct permission_rule *r;

		if (line.n == 0 || l->n == RULES_MAX)
			continue;
		line = slice_skip(line, 1);
		r = (struct permission_rule *)(uintptr_t)&l->rules[l->n++];
		r->subject = take_until(&line, ' ');
		r->queue = line;
		l->is_set = true;
	}
	p = permissions_create(&spec);
	if (p == NULL)
		return 0;
	check_asked(p, subject, pattern, queue);
	for (size_t i = 0; i < spec.subscribe_deny.n; i++)
		if (rules[3][i].queue.n == 0 &&
		    subject_is_literal(subject) &&
		    subject_matches(subject, rules[3][i].subject) &&
		    permissions_may_receive(p, subject, queue))
			abort();
	permissions_unref(p);
	return 0;
}
