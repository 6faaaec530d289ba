/* jwt_template_test.c - blanks and what fills them.  Each row is what nats-server
 * 2.15.1 gave a user of such a scope, read from its $SYS.REQ.USER.INFO. */
#include "auth/jwt_int.h"

#include "base/err.h"
#include "tokens.h"

static struct who op, acc, user;
static struct jwt *user_token, *account_token;

__attribute__((constructor)) static void make_people(void)
{
	struct jwt_head h = { .name = SLICE("bob"), .issued_s = TOKEN_IAT };

	op = who(NKEY_OPERATOR, 1);
	acc = who(NKEY_ACCOUNT, 2);
	user = who(NKEY_USER, 3);
	h.subject = nkey_text(&user.key);
	user_token = decoded(token_with(&acc, &h, text_of("{\"type\":\"user\",\"version\":2,"
	    "\"issuer_account\":\"%s\",\"tags\":[\"team:red\",\"team:blue\",\"site:x\",\"bad:a b\","
	    "\"team\",\"teams:no\"]}", acc.key.text)));
	h.name = SLICE("shop");
	h.subject = nkey_text(&acc.key);
	account_token = decoded(token_with(&op, &h, "{\"type\":\"account\",\"version\":2,"
	    "\"tags\":[\"area:north\"]}"));
}

/* The entries, joined with "|"; NULL and *err when there are none to be had. */
static const char *filled(const struct slice *items, size_t n, bool is_deny, int *err)
{
	struct jwt_texts list = { items, n, true }, out;
	struct jwt_mem   mem = { 0 };
	struct buf       b = { 0 };

	*err = jwt_fill_in(&list, user_token, account_token, is_deny, &mem, &out);
	buf_put_str(&b, "");
	for (size_t i = 0; *err == 0 && i < out.n; i++) {
		if (i > 0)
			buf_put_char(&b, '|');
		buf_put_slice(&b, out.items[i]);
	}
	jwt_mem_fini(&mem);
	return token_keep(&b);
}

static void check_one(const char *entry, const char *allow, const char *deny)
{
	struct slice item = slice_str(entry);
	const char  *got;
	int          err;

	got = filled(&item, 1, false, &err);
	CHECK_INT(err, allow == NULL ? ERR_DENIED : 0, "%s", entry);
	if (allow != NULL)
		CHECK_STR(got, allow, "%s", entry);
	got = filled(&item, 1, true, &err);
	CHECK_INT(err, deny == NULL ? ERR_DENIED : 0, "%s", entry);
	if (deny != NULL)
		CHECK_STR(got, deny, "%s", entry);
}

TEST(blanks_are_filled_in)
{
	static const struct { const char *entry, *allow, *deny; } t[] = {
		{ "a.{{name()}}", "a.bob", "a.bob" },
		{ "a.{{ NAME() }}.b", "a.bob.b", "a.bob.b" },
		{ "{{account-name()}}.>", "shop.>", "shop.>" },
		{ "pre{{name()}}post", "prebobpost", "prebobpost" },
		{ "{{tag(site)}}", "x", "x" },
		{ "{{tag(SITE)}}", "x", "x" },
		{ "{{tag(team)}}.{{tag(site)}}", "red.x|blue.x", "red.x|blue.x" },
		{ "{{tag(team)}}.{{account-tag(area)}}.{{name()}}", "red.north.bob|blue.north.bob",
		  "red.north.bob|blue.north.bob" },
		{ "{{tag(team)}}.{{tag(team)}}", "red.red|red.red|blue.blue|blue.blue",
		  "red.red|red.red|blue.blue|blue.blue" },
		{ "{{tag(none)}}.a", "", NULL },
		{ "{{account-tag(team)}}.a", "", NULL },
		{ "{{tag(bad)}}", "", NULL },
		{ "{{TAG(site)}}", "", NULL },
		{ "{{tag( site )}}", "", NULL },
		{ "a..{{name()}}", "", NULL },
		{ "a.{{name()}} q", "", NULL },
		{ "{{nobody()}}", NULL, NULL },
		{ "{{tag(none)}}.{{nobody()}}", NULL, NULL },
		{ "{{name}}", NULL, NULL },
		{ "{{{name()}}}", NULL, NULL },
		{ "{{}}", "{{}}", "{{}}" },
		{ "{{name()}", "{{name()}", "{{name()}" },
		{ "a q", "a q", "a q" },
		{ "", "", "" },
	};

	for (size_t i = 0; i < N_OF(t); i++)
		check_one(t[i].entry, t[i].allow, t[i].deny);
	check_one("{{subject()}}.{{account-subject()}}",
	    text_of("%s.%s", user.key.text, acc.key.text),
	    text_of("%s.%s", user.key.text, acc.key.text));
}

TEST(one_blank_in_a_list_makes_all_its_entries_subjects)
{
	struct slice items[] = { SLICE("b q"), SLICE("c"), SLICE("a.{{name()}}") };
	int          err;

	CHECK_STR(filled(items, 3, false, &err), "c|a.bob");
	CHECK_STR(filled(items, 2, false, &err), "b q|c");
	filled(items, 3, true, &err);
	CHECK_INT(err, ERR_DENIED);
}

TEST(combinations_are_bounded)
{
	struct buf   b = { 0 };
	struct slice item;
	int          err;

	for (int i = 0; i < 12; i++)
		buf_put_str(&b, i == 0 ? "{{tag(team)}}" : ".{{tag(team)}}");
	item = buf_slice(&b);
	filled(&item, 1, false, &err);
	CHECK_INT(err, 0, "4096 are allowed");
	filled((struct slice[]){ item, SLICE("{{tag(site)}}") }, 2, false, &err);
	CHECK_INT(err, ERR_LIMIT, "one more is not");
	buf_put_str(&b, ".{{tag(team)}}");
	item = buf_slice(&b);
	filled(&item, 1, false, &err);
	CHECK_INT(err, ERR_LIMIT);
	for (int i = 0; i < 64; i++)
		buf_put_str(&b, "{{name()}}");
	item = buf_slice(&b);
	filled(&item, 1, false, &err);
	CHECK(err != 0);
	buf_fini(&b);
}
