/* JSON: what is read, written and read again is the same tree; slices of it are JSON too. */
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"

#define TREE_MOST ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void value_write(struct json_out *o, const struct json *v, bool raw)
{
	bool object = v->type == JSON_OBJECT;

	switch (v->type) {
	case JSON_NULL:
		json_put_null(o);
		return;
	case JSON_FALSE:
	case JSON_TRUE:
		json_put_bool(o, v->type == JSON_TRUE);
		return;
	case JSON_NUMBER:
		if (raw)
			json_put_raw(o, v->raw, v->raw_len);
		else
			json_put_number(o, v->number);
		return;
	case JSON_STRING:
		assert(strlen(v->string) == v->len);
		if (raw)
			json_put_raw(o, v->raw, v->raw_len);
		else
			json_put_string(o, v->string);
		return;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
	json_open(o, object ? '{' : '[', v->len < 3);
	for (const struct json *m = v->first; m; m = m->next) {
		if (object)
			json_key(o, m->key);
		value_write(o, m, raw);
	}
	json_close(o, object ? '}' : ']');
}

static void same(const struct json *a, const struct json *b)
{
	const struct json *x, *y;

	assert(a->type == b->type);
	if (a->type == JSON_NUMBER)
		assert(memcmp(&a->number, &b->number, sizeof a->number) == 0);
	if (a->type == JSON_STRING)
		assert(strcmp(a->string, b->string) == 0);
	if (a->type != JSON_ARRAY && a->type != JSON_OBJECT)
		return;
	assert(a->len == b->len);
	for (x = a->first, y = b->first; x; x = x->next, y = y->next) {
		assert((x->key == NULL) == (y->key == NULL));
		assert(!x->key || strcmp(x->key, y->key) == 0);
		same(x, y);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_doc doc, again;
	hg_error why = {{0}};
	struct json_out o;
	struct buf out;

	if (json_parse(&doc, (const char *)data, size, "in.json", TREE_MOST, &why)) {
		assert(strncmp(why.text, "in.json:", 8) == 0);
		json_finish(&doc);
		return 0;
	}
	(void)json_check_schema(&doc, "hourglass.frontier", 1, &why);
	assert(doc.root->raw >= (const char *)data);
	for (int raw = 0; raw < 2; raw++) {
		buf_init(&out, TREE_MOST);
		json_out_init(&o, &out);
		value_write(&o, doc.root, raw);
		assert(out.failed == HG_OK);
		assert(json_parse(&again, out.data, out.len, "again", TREE_MOST, &why) == HG_OK);
		same(doc.root, again.root);
		json_finish(&again);
		buf_finish(&out);
	}
	json_finish(&doc);
	return 0;
}
