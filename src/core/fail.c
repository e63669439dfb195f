#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#undef fail

hg_err fail(hg_error *why, hg_err code, const char *fmt, ...)
{
	char text[sizeof why->text]; /* an argument may be why->text itself */
	va_list ap;

	if (!why)
		return code;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = 0;
	va_end(ap);
	text_clean(text);
	memcpy(why->text, text, strlen(text) + 1);
	return code;
}

void fail_prefix(hg_error *why, const char *fmt, ...)
{
	char text[sizeof why->text];
	va_list ap;
	size_t head, tail;

	if (!why)
		return;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = 0;
	va_end(ap);
	head = strlen(text);
	tail = strlen(why->text);
	if (tail > sizeof text - 1 - head)
		tail = sizeof text - 1 - head;
	memcpy(text + head, why->text, tail);
	text[head + tail] = 0;
	text_clean(text);
	memcpy(why->text, text, strlen(text) + 1);
}
