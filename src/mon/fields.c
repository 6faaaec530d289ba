/* mon/fields.c - tables of fields to JSON. */
#include "mon/fields.h"

#include "base/json.h"
#include "base/text.h"

static bool is_empty(const struct field *f, const void *doc)
{
	const void *at = field_at(f, doc);

	switch (f->kind) {
	case FIELD_STR:
	case FIELD_WORDS:
	case FIELD_JSON:
		return ((const struct slice *)at)->n == 0;
	case FIELD_STRS:
	case FIELD_PAIRS:
		return ((const struct slices *)at)->n == 0;
	case FIELD_BOOL:
		return !*(const bool *)at;
	case FIELD_U64:
	case FIELD_I64:
	case FIELD_TIME:
	case FIELD_DURATION:
	case FIELD_UPTIME:
		return *(const int64_t *)at == 0;
	case FIELD_F64:
		return *(const double *)at == 0;
	case FIELD_WRITE:
		return f->is_empty != NULL && f->is_empty(doc);
	case FIELD_BEGIN:
	case FIELD_END:
		break;
	}
	return false;
}

static void write_strs(const struct slices *s, struct json_writer *w)
{
	json_begin_array(w);
	for (size_t i = 0; i < s->n; i++)
		json_str(w, s->at[i]);
	json_end_array(w);
}

static void write_words(struct slice s, struct json_writer *w)
{
	json_begin_array(w);
	while (s.p != NULL && s.n > 0) {
		const char  *comma = memchr(s.p, ',', s.n);
		struct slice word = s;

		if (comma != NULL)
			word.n = (size_t)(comma - s.p);
		json_str(w, word);
		s = slice_skip(s, comma == NULL ? s.n : word.n + 1);
	}
	json_end_array(w);
}

static void write_pairs(const struct slices *s, struct json_writer *w)
{
	json_begin_object(w);
	for (size_t i = 0; i + 1 < s->n; i += 2) {
		json_key_slice(w, s->at[i]);
		json_str(w, s->at[i + 1]);
	}
	json_end_object(w);
}

static void write_text(void (*put)(struct buf *, int64_t), int64_t v,
    struct json_writer *w)
{
	struct buf text = { 0 };

	put(&text, v);
	json_str(w, buf_slice(&text));
	if (buf_failed(&text))
		w->out->failed = true;
	buf_fini(&text);
}

static void write_value(const struct field *f, const void *doc,
    struct json_writer *w)
{
	const void *at = field_at(f, doc);

	switch (f->kind) {
	case FIELD_STR:
		json_str(w, *(const struct slice *)at);
		break;
	case FIELD_WORDS:
		write_words(*(const struct slice *)at, w);
		break;
	case FIELD_JSON:
		json_lay_out(w, *(const struct slice *)at);
		break;
	case FIELD_STRS:
		write_strs(at, w);
		break;
	case FIELD_PAIRS:
		write_pairs(at, w);
		break;
	case FIELD_BOOL:
		json_bool(w, *(const bool *)at);
		break;
	case FIELD_U64:
		json_u64(w, *(const uint64_t *)at);
		break;
	case FIELD_I64:
		json_i64(w, *(const int64_t *)at);
		break;
	case FIELD_F64:
		json_f64(w, *(const double *)at);
		break;
	case FIELD_TIME:
		json_time(w, *(const int64_t *)at);
		break;
	case FIELD_DURATION:
		write_text(text_put_duration, *(const int64_t *)at, w);
		break;
	case FIELD_UPTIME:
		write_text(text_put_uptime, *(const int64_t *)at, w);
		break;
	case FIELD_WRITE:
		f->write(w, doc);
		break;
	case FIELD_BEGIN:
		json_begin_object(w);
		break;
	case FIELD_END:
		break;
	}
}

void fields_write(const struct field *fields, const void *doc,
    struct json_writer *w)
{
	for (const struct field *f = fields; f->key != NULL; f++) {
		if (f->kind == FIELD_END) {
			json_end_object(w);
			continue;
		}
		if ((f->omits_empty || f->is_empty != NULL) && is_empty(f, doc))
			continue;
		json_key(w, f->key);
		write_value(f, doc, w);
	}
}

void fields_write_object(const struct field *fields, const void *doc,
    struct json_writer *w)
{
	json_begin_object(w);
	fields_write(fields, doc, w);
	json_end_object(w);
}

bool field_number(const struct field *f, const void *doc, double *ret)
{
	const void *at = field_at(f, doc);

	switch (f->kind) {
	case FIELD_U64:
		*ret = (double)*(const uint64_t *)at;
		return true;
	case FIELD_I64:
		*ret = (double)*(const int64_t *)at;
		return true;
	case FIELD_F64:
		*ret = *(const double *)at;
		return true;
	default:
		return false;
	}
}
