/* top on a terminal, by ncurses. Plain characters where the locale is not UTF-8; few bytes a frame,
 * as ncurses sends what has changed only. */
#define _GNU_SOURCE
#include <curses.h>
#include <locale.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "core/unit.h"
#include "term.h"
#include "top.h"

#define FASTEST_S 0.1
#define SLOWEST_S 60.0

/** The screen. */
struct screen {
	struct cli *cli;
	struct top *top;
	double interval_s;
	size_t chosen; /* device */
	size_t first;  /* device at the top of the list */
	bool paused, done;
};

/** Draws lines of text from row y on, at most `most`; the one numbered `mark` standing out. */
static int draw_lines(const struct buf *text, int y, int most, int mark)
{
	const char *line = text->data ? text->data : "";
	int drawn = 0;

	for (; *line && drawn < most; drawn++) {
		size_t len = strcspn(line, "\n");

		if (drawn == mark)
			attron(A_REVERSE);
		mvaddnstr(y + drawn, 0, line, (int)len);
		if (drawn == mark)
			attroff(A_REVERSE);
		line += len + (line[len] == '\n');
	}
	return drawn;
}

static void draw_head(const struct screen *s)
{
	const struct top *t = s->top;
	char power[QUANTITY_TEXT], energy[QUANTITY_TEXT], time[QUANTITY_TEXT];

	attron(A_BOLD);
	mvprintw(0, 0, "hourglass top  %s  %s in %s%s%s",
		isnan(t->power_w) ? "-" : quantity_format(QUANTITY_POWER, t->power_w, power),
		isnan(t->energy_j) ? "-" : quantity_format(QUANTITY_ENERGY, t->energy_j, energy),
		quantity_format(QUANTITY_TIME, 1e-9 * (double)(t->look_ns - t->begin_ns), time),
		t->simulated ? "  * simulated" : "", s->paused ? "  PAUSED" : "");
	attroff(A_BOLD);
}

/** Lets the list begin so that the chosen device is seen. */
static void scroll_to_chosen(struct screen *s, int room)
{
	size_t rows = room > 1 ? (size_t)room : 1;

	if (s->chosen < s->first)
		s->first = s->chosen;
	if (s->chosen >= s->first + rows)
		s->first = s->chosen - rows + 1;
}

static void draw(struct screen *s)
{
	const struct top_row *row = s->top->n ? &s->top->rows[s->chosen] : NULL;
	int height = getmaxy(stdscr), width = getmaxx(stdscr);
	int list = height > 14 ? height - 10 : height - 4, y;
	struct top part = *s->top;
	struct buf text;

	erase();
	draw_head(s);
	scroll_to_chosen(s, list - 1);
	part.rows += s->first;
	part.n = s->top->n - s->first;
	if (part.n > (size_t)(list > 1 ? list - 1 : 1))
		part.n = (size_t)(list > 1 ? list - 1 : 1);
	buf_init(&text, 1u << 20);
	top_table(&text, &part, width, s->cli->utf8);
	y = 2 + draw_lines(&text, 2, list, (int)(s->chosen - s->first) + 1) + 1;
	buf_clear(&text);
	if (row && y < height - 2) {
		buf_addf(&text, "power of %s%s%s\n", row->spec, row->why.text[0] ? ": " : "",
			row->why.text);
		top_curve(&text, row, width - 1, s->cli->utf8);
		buf_addc(&text, '\n');
		top_processes(&text, row, (size_t)height, width);
		(void)draw_lines(&text, y, height - 1 - y, -1);
	}
	buf_finish(&text);
	mvaddnstr(height - 1, 0, "q quit  up/down device  space pause  +/- interval", width - 1);
	refresh();
}

static void key(struct screen *s, int c)
{
	switch (c) {
	case 'q':
	case 'Q':
	case 27:
		s->done = true;
		break;
	case ' ':
		s->paused = !s->paused;
		break;
	case KEY_DOWN:
	case 'j':
		s->chosen += s->chosen + 1 < s->top->n;
		break;
	case KEY_UP:
	case 'k':
		s->chosen -= s->chosen > 0;
		break;
	case '+':
		s->interval_s = fmin(SLOWEST_S, s->interval_s * 2);
		break;
	case '-':
		s->interval_s = fmax(FASTEST_S, s->interval_s / 2);
		break;
	default:
		break;
	}
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void loop(struct screen *s)
{
	struct watch watch;
	double next = now_s() + s->interval_s;

	watch_begin(&watch, s->cli);
	while (!s->done && !watch_poll(&watch)) {
		double left = next - now_s();
		int c;

		if (left <= 0) {
			if (!s->paused)
				top_look(s->top);
			next = now_s() + s->interval_s;
			left = s->interval_s;
			draw(s);
		}
		timeout(left > 0.1 ? 100 : (int)(left * 1000) + 1);
		c = getch();
		if (c != ERR) {
			key(s, c);
			draw(s);
		}
	}
	watch_end(&watch);
}

int top_screen(struct cli *cli, struct top *t, double interval_s)
{
	struct screen s = {.cli = cli, .top = t, .interval_s = interval_s};
	SCREEN *terminal;

	/* ncurses draws by the locale's characters; numbers are not its business */
	setlocale(LC_CTYPE, "");
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return cli_usage(cli, "this terminal cannot be drawn on (TERM); use --once");
	set_escdelay(25);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	draw(&s);
	loop(&s);
	endwin();
	delscreen(terminal);
	return EXIT_OK;
}
