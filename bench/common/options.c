#include "options.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_WRONG 2

static void help(const char *bench, const struct bench_option *o)
{
	printf("usage: %s [options]\n\n", bench);
	for (; o->name; o++) {
		char name[80];

		(void)snprintf(name, sizeof name, "%s %s", o->name, o->value ? o->value : "");
		printf("  %-24s %s\n", name, o->text);
	}
	printf("  %-24s %s\n", "--help", "list the options");
}

static _Noreturn void wrong(const char *bench, const char *what, const char *text)
{
	fprintf(stderr, "%s: %s%s; try --help\n", bench, what, text);
	exit(EXIT_WRONG);
}

/** Which of "a|b|c" a word is. @return -1: none */
static int word_of(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; words; i++) {
		const char *end = strchr(words, '|');

		if (strncmp(words, word, len) == 0 && (words[len] == '|' || words[len] == '\0'))
			return i;
		words = end ? end + 1 : NULL;
	}
	return -1;
}

static bool take_number(const struct bench_option *o, const char *value)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end || !(v >= o->min && v <= o->max))
		return false;
	*(double *)o->to = v;
	return true;
}

static bool take_word(const struct bench_option *o, const char *value)
{
	int word = word_of(o->value, value);

	if (word < 0)
		return false;
	*(unsigned *)o->to |= 1u << word;
	return true;
}

static void take(const char *bench, const struct bench_option *o, const char *value)
{
	char what[160];

	switch (o->kind) {
	case BENCH_FLAG:
		*(bool *)o->to = true;
		return;
	case BENCH_TEXT:
		*(const char **)o->to = value;
		return;
	case BENCH_NUMBER:
		(void)snprintf(what, sizeof what, "%s: expected a number from %g to %g, not ",
			o->name, o->min, o->max);
		if (!take_number(o, value))
			wrong(bench, what, value);
		return;
	case BENCH_WORD:
		(void)snprintf(what, sizeof what, "%s: expected %s, not ", o->name, o->value);
		if (!take_word(o, value))
			wrong(bench, what, value);
		return;
	}
}

int bench_options(
	const char *bench, int argc, char **argv, int most, const struct bench_option *options)
{
	int operands = 0;

	/* A bench that is ended early has printed what it knew. */
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		const struct bench_option *o = options;
		const char *value = NULL;

		if (strcmp(argv[i], "--help") == 0) {
			help(bench, options);
			exit(0);
		}
		while (o->name && strcmp(o->name, argv[i]) != 0)
			o++;
		if (!o->name && (argv[i][0] == '-' || operands == most))
			wrong(bench, argv[i][0] == '-' ? "no such option: " : "no such operand: ",
				argv[i]);
		if (!o->name) {
			argv[++operands] = argv[i];
			continue;
		}
		if (o->kind != BENCH_FLAG && i + 1 == argc)
			wrong(bench, "a value is missing after ", argv[i]);
		if (o->kind != BENCH_FLAG)
			value = argv[++i];
		take(bench, o, value);
	}
	return operands;
}
